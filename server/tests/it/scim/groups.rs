//! Groups and who is in them (RFC 7643 §4.2).

use super::*;

#[test]
fn a_group_lives_with_its_members() {
    let (server, _, program) = with_program();
    let admin = server.admin();
    let provision = |n: usize| program.provision(json!({"userName": format!("m{n}")}));
    let mut ids: Vec<String> = (0..4).map(provision).collect();
    ids.sort();
    let member = |n: usize| json!({"value": ids[n]});
    let new = json!({"displayName": "Sales", "externalId": "g-1", "members": [member(0), member(1)]});
    let made = program.post(GROUPS, new);
    let group = made.expect(201);
    let id = group["id"].as_str().unwrap().to_owned();
    assert_eq!((&group["externalId"], &group["meta"]["resourceType"]), (&json!("g-1"), &json!("Group")));
    assert_eq!(group["members"][0]["type"], "User");
    assert_eq!(group["members"][0]["$ref"], program.get(&user_path(&ids[0])).expect(200)["meta"]["location"]);
    let known = admin.get(&format!("/api/v1/groups/{id}"));
    assert_eq!(
        (&known.expect(200)["name"], &known.expect(200)["providerType"]),
        (&json!("Sales"), &json!("idp"))
    );
    admin
        .replace(&format!("/api/v1/groups/{id}"), "/assignedRoles", json!([{"name": "Steward"}]))
        .expect(204);

    let path = group_path(&id);
    let members = |answer: &Answer| {
        let members = answer.expect(200)["members"].as_array().cloned().unwrap_or_default();
        let place = |member: &Value| ids.iter().position(|id| member["value"] == id.as_str()).unwrap();
        let mut places: Vec<usize> = members.iter().map(place).collect();
        places.sort_unstable();
        places
    };
    let now = |operations: Value| members(&program.scim_patch(&path, operations));
    assert_eq!(now(json!([{"op": "add", "path": "members", "value": [member(2), member(1)]}])), [0, 1, 2]);
    assert_eq!(now(json!([{"op": "Add", "value": {"members": [member(3)]}}])), [0, 1, 2, 3]);
    assert_eq!(
        now(json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", ids[0])}])),
        [1, 2, 3]
    );
    assert_eq!(now(json!([{"op": "Remove", "path": "members", "value": [member(1)]}])), [2, 3]);
    assert_eq!(
        now(
            json!([{"op": "replace", "path": "members", "value": [member(0)]}, {"op": "replace", "path": "displayName", "value": "Sale"}])
        ),
        [0]
    );
    assert_eq!(
        now(
            json!([{"op": "replace", "value": {"id": id, "displayName": "Sales team", "members": [member(0), member(1)]}}])
        ),
        [0, 1]
    );
    assert_eq!(admin.get(&format!("/api/v1/groups/{id}")).expect(200)["name"], "Sales team");
    let roles = admin.get(&format!("/api/v1/groups/{id}"));
    assert_eq!(roles.expect(200)["assignedRoles"][0]["name"], "Steward", "roles are not touched");
    let user = program.get(&user_path(&ids[0]));
    assert_eq!(
        user.expect(200)["groups"],
        json!([{"value": id, "display": "Sales team", "type": "direct",
        "$ref": program.get(&path).expect(200)["meta"]["location"]}])
    );
    assert_eq!(program.selected(GROUPS, "displayName eq \"sales TEAM\""), ["Sales team"]);
    assert_eq!(
        program.selected(GROUPS, &format!("externalId eq \"g-1\" and members eq \"{}\"", ids[1])),
        ["Sales team"]
    );
    assert!(program.selected(GROUPS, &format!("members.value eq \"{}\"", ids[2])).is_empty());
    assert!(program.get(&format!("{path}?excludedAttributes=members")).expect(200).get("members").is_none());
    assert!(
        program.get(&format!("{GROUPS}?excludedAttributes=members")).expect(200)["Resources"][0]
            .get("members")
            .is_none()
    );

    assert_eq!(members(&program.put(&path, json!({"displayName": "Sales", "members": [member(3)]}))), [3]);
    assert_eq!(program.get(&path).expect(200).get("externalId"), None);
    assert_eq!(now(json!([{"op": "remove", "path": "members"}])), Vec::<usize>::new());
    assert!(ids.contains(&logged_in(&server, "m3", &json!({})).id()));
}

#[test]
fn a_group_that_cannot_be_is_not() {
    let (server, _, program) = with_program();
    let admin = server.admin();
    let user = program.provision(json!({"userName": "ann"}));
    let made = program.post(GROUPS, json!({"displayName": "Sales", "members": [{"value": user}]}));
    let path = group_path(made.expect(201)["id"].as_str().unwrap());
    for (operation, status, kind) in [
        (json!({"op": "add", "path": "members", "value": [{"value": "0".repeat(24)}]}), 400, "invalidValue"),
        (json!({"op": "add", "path": "members", "value": [{"value": "x"}]}), 400, "invalidValue"),
        (json!({"op": "replace", "path": "members[value eq \"x\"].value", "value": "y"}), 400, "mutability"),
        (
            json!({"op": "replace", "path": format!("members[value eq \"{user}\"]"), "value": {"value": "y"}}),
            400,
            "noTarget",
        ),
        (json!({"op": "remove", "path": "members", "value": [{"display": "ann"}]}), 400, "invalidValue"),
        (json!({"op": "remove", "path": "members", "value": []}), 400, "invalidValue"),
        (json!({"op": "replace", "value": {"members.value": user}}), 400, "mutability"),
        (json!({"op": "remove", "path": "members[type eq \"User\"]"}), 400, "invalidFilter"),
        (json!({"op": "remove", "path": "displayName"}), 400, "mutability"),
        (json!({"op": "replace", "path": "displayName", "value": "com.qlik.Everyone"}), 400, "invalidValue"),
    ] {
        program.scim_patch(&path, json!([operation])).scim_refused(status, kind);
    }
    assert_eq!(program.get(&path).expect(200)["members"][0]["value"], user);
    let second =
        program.post(GROUPS, json!({"displayName": "Second"})).expect(201)["id"].as_str().unwrap().to_owned();
    program
        .scim_patch(&path, json!([{"op": "replace", "path": "displayName", "value": "Second"}]))
        .scim_refused(409, "uniqueness");
    program.post(GROUPS, json!({"displayName": "Second"})).scim_refused(409, "uniqueness");
    program.post(GROUPS, json!({"displayName": "com.qlik.Ev\u{435}ryone"})).scim_refused(400, "invalidValue");
    program.post(GROUPS, json!({})).scim_refused(400, "invalidValue");
    let custom = admin.make_group("Custom");
    for other in [&custom, "000000000000000000000001", "x"] {
        program.get(&group_path(other)).scim_refused(404, "");
        program.delete(&group_path(other)).scim_refused(404, "");
    }
    program
        .scim_patch(&group_path(&second), json!([{"op": "add", "path": "members", "value": {"value": user}}]))
        .expect(200);
    program.delete(&group_path(&second)).expect(204);
    program.get(&group_path(&second)).scim_refused(404, "");
    let groups = program.get(&user_path(&user));
    assert_eq!(groups.expect(200)["groups"].as_array().unwrap().len(), 1, "the other one");
}

/// A group too large for its answer to be kept is changed all the same, and once.
#[test]
fn a_large_group_is_changed_once() {
    let (server, _, program) = with_program();
    let made = program.post(GROUPS, json!({"displayName": "All"}));
    let group = made.expect(201)["id"].as_str().unwrap().to_owned();
    let (tenant, uma) = (server.tenants[0].tenant, server.user().id());
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)";
    let id = "'65a00000000000' || (1000000000 + i)";
    server.database.batch(&format!(
        "INSERT INTO users (tenant_id, id, subject, subject_fold, name, name_fold, email_fold, status, invite_expires_at,
                client_id, created_at, updated_at)
            {numbers} SELECT tenant_id, {id}, 'm' || i, 'm' || i, name, name_fold, '', status, invite_expires_at, client_id,
                created_at, updated_at FROM n, users WHERE tenant_id = '{tenant}' AND id = '{uma}';
         INSERT INTO user_groups (tenant_id, user_id, group_id, position)
            {numbers} SELECT '{tenant}', {id}, '{group}', 0 FROM n"
    ));
    let server = server.copy();
    let program = server.client(program.key()).header("idempotency-key", "large");
    let more = json!([{"op": "add", "path": "members", "value": [{"value": uma}]}]);
    let changed = program.scim_patch(&group_path(&group), more.clone());
    assert_eq!(changed.expect(200)["members"].as_array().unwrap().len(), 9001);
    program.scim_patch(&group_path(&group), more).scim_refused(409, "");
}
