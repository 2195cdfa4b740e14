//! Every form of a patch (RFC 7644 §3.5.2), also as Entra ID and Okta send them.

use super::*;

fn patched(program: &Client, id: &str, operations: Value) -> Value {
    let mut user = program.scim_patch(&user_path(id), operations).expect(200).clone();
    for name in ["schemas", "id", "meta", "userName", "active"] {
        user.as_object_mut().unwrap().remove(name);
    }
    user
}

fn op(verb: &str, path: &str, value: &Value) -> Value {
    json!({"op": verb, "path": path, "value": value})
}

fn remove(path: &str) -> Value {
    json!({"op": "remove", "path": path})
}

#[test]
fn a_user_is_patched_in_every_form() {
    let (_server, _, program) = with_program();
    let id = program.provision(json!({"userName": "uma"}));
    let now = |operations: &[Value]| patched(&program, &id, json!(operations));
    let email = |value: &str, kind: &str| json!({"value": value, "type": kind});
    let primary = |value: &str, kind: &str, is: bool| json!({"value": value, "type": kind, "primary": is});
    let (home, work) = (email("h@x", "home"), primary("w@x", "work", true));
    assert_eq!(now(&[op("add", "displayName", &json!("Uma"))]), json!({"displayName": "Uma"}));
    let whole = json!({"name": {"givenName": "U"}, "emails[type eq \"work\"].value": "w@x", "displayName": "",
        "unknown": 1, "id": "x", "groups": []});
    assert_eq!(
        now(&[json!({"op": "Add", "value": whole})]),
        json!({"name": {"givenName": "U"}, "emails": [email("w@x", "work")]})
    );
    assert_eq!(
        now(&[op("replace", "emails", &json!([work])), op("add", "emails", &home)]),
        json!({"name": {"givenName": "U"}, "emails": [work, home]})
    );
    assert_eq!(
        now(&[op("add", "emails", &json!([home, work]))])["emails"],
        json!([primary("w@x", "work", false), home, work]),
        "what is there is not added again, and only one is the primary one"
    );
    assert_eq!(
        now(&[remove("emails[primary eq false]"), remove("name.givenName")]),
        json!({"emails": [work]}),
        "what does not say that it is the primary one is not"
    );
    assert_eq!(
        now(&[op("add", "emails", &home), op("replace", "emails[type eq \"home\"].primary", &json!("True"))]),
        json!({"emails": [primary("w@x", "work", false), primary("h@x", "home", true)]})
    );
    assert_eq!(
        now(&[
            op("replace", "emails[type eq \"home\"]", &email("o@x", "other")),
            remove("emails[type eq \"work\"].primary")
        ]),
        json!({"emails": [email("w@x", "work"), email("o@x", "other")]})
    );
    assert_eq!(
        now(&[
            op("remove", "emails", &json!([{"value": "o@x"}])),
            op("add", "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", &json!("V")),
            op("add", "title", &json!("Dr")),
            op("add", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", &json!("D")),
        ]),
        json!({"emails": [email("w@x", "work")], "name": {"familyName": "V"}})
    );
    let photos = json!([{"value": "https://x.example/p"}]);
    assert_eq!(
        now(&[
            remove("emails"),
            op("replace", "name", &json!({"formatted": "Uma V"})),
            op("replace", "photos", &photos)
        ]),
        json!({"name": {"familyName": "V", "formatted": "Uma V"}, "photos": photos})
    );
    let before = program.get(&user_path(&id)).expect(200).clone();
    let same = program.scim_patch(&user_path(&id), json!([op("add", "name.familyName", &json!("V"))]));
    assert_eq!(same.expect(200), &before, "nothing changed, not even the time");
}

#[test]
fn a_patch_that_cannot_be_done_changes_nothing() {
    let (server, _, program) = with_program();
    let id =
        program.provision(json!({"userName": "uma", "emails": [{"value": "u@x.example", "type": "work"}]}));
    let revision = server.revision(0);
    for (operation, kind) in [
        (json!({"op": "move", "path": "displayName", "value": "x"}), "invalidSyntax"),
        (json!({"op": "replace", "path": "nothing", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "emails[type eq \"work\"", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "emails[kind eq \"work\"].value", "value": "x"}), "invalidFilter"),
        (json!({"op": "replace", "path": "emails[type eq \"home\"].value", "value": "x@y"}), "noTarget"),
        (json!({"op": "remove"}), "noTarget"),
        (json!({"op": "remove", "path": "userName"}), "mutability"),
        (json!({"op": "remove", "path": "active"}), "mutability"),
        (json!({"op": "replace", "path": "id", "value": "x"}), "mutability"),
        (json!({"op": "add", "path": "groups", "value": [{"value": "x"}]}), "mutability"),
        (json!({"op": "replace", "path": "displayName"}), "invalidValue"),
        (json!({"op": "replace", "path": "displayName", "value": 1}), "invalidValue"),
        (json!({"op": "replace", "path": "displayName", "value": "x".repeat(300)}), "invalidValue"),
        (json!({"op": "replace", "path": "active", "value": "perhaps"}), "invalidValue"),
        (json!({"op": "replace", "path": "emails", "value": [{"value": "no address"}]}), "invalidValue"),
        (json!({"op": "replace", "value": "x"}), "invalidValue"),
        (json!({"op": "replace", "path": "userName", "value": " x"}), "invalidValue"),
    ] {
        let first = json!({"op": "replace", "path": "displayName", "value": "changed"});
        program.scim_patch(&user_path(&id), json!([first, operation])).scim_refused(400, kind);
    }
    let many: Vec<Value> = (0..1001).map(|_| json!({"op": "add", "path": "title", "value": "x"})).collect();
    program.scim_patch(&user_path(&id), json!(many)).scim_refused(400, "invalidValue");
    for (body, kind) in [
        ("{", "invalidSyntax"),
        ("{}", "invalidSyntax"),
        ("[]", "invalidSyntax"),
        ("{\"a\":1,\"a\":2}", "invalidSyntax"),
    ] {
        let sent = Some(("application/scim+json; charset=utf-8", body.as_bytes()));
        program.send("PATCH", &user_path(&id), sent).scim_refused(400, kind);
    }
    for body in
        [json!({}), json!({"userName": ""}), json!({"userName": 1}), json!({"userName": "x", "emails": 1})]
    {
        program.post(USERS, body.clone()).scim_refused(400, "invalidValue");
        program.put(&user_path(&id), body).scim_refused(400, "invalidValue");
    }
    program.send("POST", USERS, Some(("text/plain", b"{}"))).scim_refused(415, "");
    program.scim_patch(&user_path("x"), json!([])).scim_refused(404, "");
    assert_eq!(server.revision(0), revision);
}
