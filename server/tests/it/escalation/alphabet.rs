//! What is tried? Every operation that changes something, with what somebody would send who wants more.
//!
//! A line names the operation and, where that is not enough, what is special; then method and path, then the body. Words
//! in `<>` stand for identifiers and secrets that are known by then; a line with an unknown one is not tried.

/// A request: its label, its method and path, its body.
pub type Line = (&'static str, &'static str, &'static str);

/// Patches of a user, tried on oneself, on somebody without rights, and on a user that was made on the way.
pub const USER_PATCHES: &[(&str, &str)] = &[
    (
        "patch_user: role by id",
        r#"[{"op":"replace","path":"/assignedRoles","value":[{"id":"<TenantAdmin>"}]}]"#,
    ),
    (
        "patch_user: role by name",
        r#"[{"op":"replace","path":"/assignedRoles","value":[{"name":"TenantAdmin"}]}]"#,
    ),
    (
        "patch_user: role by name",
        r#"[{"op":"add","path":"/assignedRoles/-","value":{"name":"TenantAdmin"}}]"#,
    ),
    ("patch_user: role by name", r#"[{"op":"add","path":"/assignedRoles/-","value":{"name":"Key maker"}}]"#),
    ("patch_user: role by id", r#"[{"op":"add","path":"/assignedRoles","value":{"id":"<TenantAdmin>"}}]"#),
    (
        "patch_user: role by name",
        r#"[{"op":"set","path":"/assignedRoles","value":[{"name":"TenantAdmin"}]}]"#,
    ),
    ("patch_user: role by legacy path", r#"[{"op":"set","path":"/roles","value":["TenantAdmin"]}]"#),
    ("patch_user: role by legacy path", r#"[{"op":"replace","path":"/roles","value":["TenantAdmin"]}]"#),
    (
        "patch_user: role behind a preference",
        r#"[{"op":"replace","path":"/preferredLocale","value":"de"},{"op":"add","path":"/assignedRoles/-","value":{"name":"TenantAdmin"}}]"#,
    ),
    ("patch_user: group by id", r#"[{"op":"add","path":"/assignedGroups/-","value":"<Crew>"}]"#),
    ("patch_user: group by id", r#"[{"op":"add","path":"/assignedGroups/-","value":"<Directors>"}]"#),
    (
        "patch_user: group by name",
        r#"[{"op":"add","path":"/assignedGroups/-","value":{"name":"Crew","providerType":"custom"}}]"#,
    ),
    (
        "patch_user: group by name",
        r#"[{"op":"replace","path":"/assignedGroups","value":[{"name":"Directors","providerType":"idp"}]}]"#,
    ),
    ("patch_user: status", r#"[{"op":"replace","path":"/status","value":"disabled"}]"#),
    (
        "patch_user: name and address",
        r#"[{"op":"replace","path":"/name","value":"Ada"},{"op":"replace","path":"/email","value":"ada@acme.example"}]"#,
    ),
    ("patch_user: subject", r#"[{"op":"replace","path":"/subject","value":"acme\\ada@acme.example"}]"#),
    ("patch_user: preferences", r#"[{"op":"replace","path":"/preferredLocale","value":"de"}]"#),
];

/// Patches of a group's roles, tried on groups of each kind.
pub const GROUP_PATCHES: &[&str] = &[
    r#"[{"op":"replace","path":"/assignedRoles","value":[{"id":"<TenantAdmin>"}]}]"#,
    r#"[{"op":"replace","path":"assignedRoles","value":[{"name":"TenantAdmin"}]}]"#,
    r#"[{"op":"add","path":"/assignedRoles/-","value":{"name":"TenantAdmin"}}]"#,
];

/// Patches of a role's scopes, tried on UserDefault, on a default role and on custom ones.
pub const ROLE_PATCHES: &[&str] = &[
    r#"[{"op":"replace","path":"/assignedScopes","value":["admin.csp"]}]"#,
    r#"[{"op":"add","path":"/assignedScopes/-","value":"api-keys"}]"#,
];

/// What is asked with a user's credential.
pub const ASKED: &[Line] = &[
    ("create_user", "POST /api/v1/users", r#"{"subject":"accomplice"}"#),
    (
        "create_user: with a role",
        "POST /api/v1/users",
        r#"{"subject":"accomplice","assignedRoles":[{"id":"<TenantAdmin>"}]}"#,
    ),
    (
        "create_user: with a role",
        "POST /api/v1/users",
        r#"{"subject":"accomplice","assignedRoles":[{"name":"TenantAdmin"}]}"#,
    ),
    (
        "patch_user: of an administrator",
        "PATCH /api/v1/users/<Ada>",
        r#"[{"op":"replace","path":"/assignedRoles","value":[]}]"#,
    ),
    (
        "patch_user: of an administrator",
        "PATCH /api/v1/users/<Ada>",
        r#"[{"op":"replace","path":"/status","value":"disabled"}]"#,
    ),
    ("delete_user", "DELETE /api/v1/users/<Ada>", ""),
    ("delete_user", "DELETE /api/v1/users/<Ben>", ""),
    ("delete_user", "DELETE /api/v1/users/<me>", ""),
    (
        "assign_to_user",
        "POST /rolecall/v1/users/<me>/assignments",
        r#"{"role":{"name":"TenantAdmin"},"expiresAt":"2099-01-01T00:00:00Z"}"#,
    ),
    (
        "assign_to_user",
        "POST /rolecall/v1/users/<me>/assignments",
        r#"{"group":{"id":"<Crew>"},"expiresAt":"2099-01-01T00:00:00Z"}"#,
    ),
    (
        "create_group",
        "POST /api/v1/groups",
        r#"{"name":"Own","providerType":"custom","assignedRoles":[{"name":"TenantAdmin"}]}"#,
    ),
    ("create_group", "POST /api/v1/groups", r#"{"name":"Own","assignedRoles":[{"id":"<TenantAdmin>"}]}"#),
    (
        "patch_group: name",
        "PATCH /api/v1/groups/<Crew>",
        r#"[{"op":"replace","path":"/name","value":"Directors"}]"#,
    ),
    (
        "patch_group_settings",
        "PATCH /api/v1/groups/settings",
        r#"[{"op":"replace","path":"/systemGroups/000000000000000000000001/assignedRoles","value":[{"name":"TenantAdmin"}]}]"#,
    ),
    (
        "patch_group_settings",
        "PATCH /api/v1/groups/settings",
        r#"[{"op":"replace","path":"/autoCreateGroups","value":true}]"#,
    ),
    ("delete_group", "DELETE /api/v1/groups/<Directors>", ""),
    ("create_role", "POST /api/v1/roles", r#"{"name":"Own role","assignedScopes":["admin.csp","api-keys"]}"#),
    ("create_role", "POST /api/v1/roles", r#"{"name":"Tenantadmin"}"#),
    (
        "patch_role: name",
        "PATCH /api/v1/roles/<Model approver>",
        r#"[{"op":"replace","path":"/name","value":"Tenant Admin"}]"#,
    ),
    ("delete_role", "DELETE /api/v1/roles/<Unused>", ""),
    ("create_api_key", "POST /api/v1/api-keys", r#"{"description":"own"}"#),
    ("create_api_key", "POST /api/v1/api-keys", r#"{"description":"own","sub":"<me>","subType":"user"}"#),
    ("create_api_key: of others", "POST /api/v1/api-keys", r#"{"description":"hers","sub":"<Ada>"}"#),
    (
        "create_api_key: of others",
        "POST /api/v1/api-keys",
        r#"{"description":"his","sub":"<Ben>","subType":"user"}"#,
    ),
    (
        "create_api_key: of a program",
        "POST /api/v1/api-keys",
        r#"{"description":"scim","subType":"externalClient","sub":"SCIM\\<provider>"}"#,
    ),
    (
        "patch_api_key",
        "PATCH /api/v1/api-keys/<my key>",
        r#"[{"op":"replace","path":"/description","value":"other"}]"#,
    ),
    (
        "patch_api_key: of Ada",
        "PATCH /api/v1/api-keys/<Ada's key>",
        r#"[{"op":"replace","path":"/description","value":"other"}]"#,
    ),
    ("delete_api_key: of Ada", "DELETE /api/v1/api-keys/<Ada's key>", ""),
    ("delete_api_key", "DELETE /api/v1/api-keys/<my key>", ""),
    (
        "patch_api_key_settings",
        "PATCH /api/v1/api-keys/configs/<tenant>",
        r#"[{"op":"replace","path":"/max_keys_per_user","value":1000}]"#,
    ),
    (
        "patch_api_key_settings",
        "PATCH /api/v1/api-keys/configs/<other tenant>",
        r#"[{"op":"replace","path":"/max_keys_per_user","value":1000}]"#,
    ),
    (
        "create_oauth_client",
        "POST /api/v1/oauth-clients",
        r#"{"appType":"web","clientName":"Own","allowedGrantTypes":["client_credentials"],"allowedScopes":["admin_classic","user_default"]}"#,
    ),
    (
        "create_oauth_client",
        "POST /api/v1/oauth-clients",
        r#"{"appType":"web","clientName":"Own","allowedGrantTypes":["urn:qlik:oauth:user-impersonation"],"allowedScopes":["admin_classic","user_default"],"connectionConfig":{"consentMethod":"trusted"}}"#,
    ),
    (
        "patch_oauth_client",
        "PATCH /api/v1/oauth-clients/<machine>",
        r#"[{"op":"add","path":"/allowedScopes","value":["admin_classic"]}]"#,
    ),
    (
        "patch_oauth_client",
        "PATCH /api/v1/oauth-clients/<machine>",
        r#"[{"op":"replace","path":"/allowedGrantTypes","value":["urn:qlik:oauth:user-impersonation"]}]"#,
    ),
    (
        "patch_oauth_client",
        "PATCH /api/v1/oauth-clients/<impersonator>",
        r#"[{"op":"replace","path":"/allowedScopes","value":["admin_classic","user_default"]}]"#,
    ),
    (
        "patch_oauth_client",
        "PATCH /api/v1/oauth-clients/<browser app>",
        r#"[{"op":"add","path":"/redirectUris","value":["https://evil.example/"]}]"#,
    ),
    (
        "patch_connection_config",
        "PATCH /api/v1/oauth-clients/<browser app>/connection-configs/me",
        r#"[{"op":"replace","path":"/consentMethod","value":"trusted"}]"#,
    ),
    ("delete_connection_config", "DELETE /api/v1/oauth-clients/<browser app>/connection-configs/me", ""),
    ("create_client_secret", "POST /api/v1/oauth-clients/<machine>/client-secrets", ""),
    ("create_client_secret", "POST /api/v1/oauth-clients/<impersonator>/client-secrets", ""),
    ("delete_client_secret", "DELETE /api/v1/oauth-clients/<machine>/client-secrets/<hint>", ""),
    ("publish_oauth_client", "POST /api/v1/oauth-clients/<machine>/actions/publish", ""),
    ("delete_oauth_client", "DELETE /api/v1/oauth-clients/<machine>", ""),
    ("delete_oauth_token: of a program", "DELETE /api/v1/oauth-tokens/<machine's token>", ""),
    ("revoke_token: of a program", "POST /oauth/revoke", r#"{"token":"<machine's token as it is sent>"}"#),
    (
        "issue_token: by a token",
        "POST /oauth/token",
        r#"{"grant_type":"urn:ietf:params:oauth:grant-type:token-exchange","client_id":"<browser app>","subject_token":"<token>","subject_token_type":"urn:ietf:params:oauth:token-type:access_token","purpose":"websocket","scope":"user_default admin_classic"}"#,
    ),
    (
        "create_identity_provider",
        "POST /api/v1/identity-providers",
        r#"{"protocol":"jwtAuth","provider":"external","options":{"issuer":"https://evil.example","staticKeys":[{"kid":"portal-key","pem":"<key>"}]}}"#,
    ),
    (
        "patch_identity_provider: key",
        "PATCH /api/v1/identity-providers/<provider>",
        r#"[{"op":"replace","path":"/options","value":{"issuer":"https://idp.example","staticKeys":[{"kid":"portal-key","pem":"<key>"}]}}]"#,
    ),
    (
        "patch_identity_provider: key",
        "PATCH /api/v1/identity-providers/<provider>",
        r#"[{"op":"replace","path":"/pendingOptions","value":{"issuer":"https://idp.example","staticKeys":[{"kid":"portal-key","pem":"<key>"}]}}]"#,
    ),
    (
        "patch_identity_provider",
        "PATCH /api/v1/identity-providers/<provider>",
        r#"[{"op":"replace","path":"/createNewUsersOnLogin","value":false}]"#,
    ),
    ("delete_identity_provider", "DELETE /api/v1/identity-providers/<provider>", ""),
    ("create_space: shared", "POST /api/v1/spaces", r#"{"name":"Own","type":"shared"}"#),
    ("create_space: managed", "POST /api/v1/spaces", r#"{"name":"Own","type":"managed"}"#),
    ("create_space: data", "POST /api/v1/spaces", r#"{"name":"Own","type":"data"}"#),
    (
        "patch_space: owner",
        "PATCH /api/v1/spaces/<Sales>",
        r#"[{"op":"replace","path":"/ownerId","value":"<me>"}]"#,
    ),
    (
        "patch_space: name",
        "PATCH /api/v1/spaces/<Sales>",
        r#"[{"op":"replace","path":"/name","value":"Mine"}]"#,
    ),
    (
        "patch_space: owner",
        "PATCH /api/v1/spaces/<Vault>",
        r#"[{"op":"replace","path":"/ownerId","value":"<me>"}]"#,
    ),
    ("put_space: owner", "PUT /api/v1/spaces/<Sales>", r#"{"ownerId":"<me>"}"#),
    ("delete_space", "DELETE /api/v1/spaces/<Vault>", ""),
    (
        "create_space_assignment",
        "POST /api/v1/spaces/<Sales>/assignments",
        r#"{"type":"user","assigneeId":"<me>","roles":["facilitator"]}"#,
    ),
    (
        "create_space_assignment",
        "POST /api/v1/spaces/<Sales>/assignments",
        r#"{"type":"user","assigneeId":"<Ben>","roles":["facilitator"]}"#,
    ),
    (
        "create_space_assignment",
        "POST /api/v1/spaces/<Sales>/assignments",
        r#"{"type":"group","assigneeId":"000000000000000000000001","roles":["producer"]}"#,
    ),
    (
        "create_space_assignment",
        "POST /api/v1/spaces/<Vault>/assignments",
        r#"{"type":"user","assigneeId":"<me>","roles":["facilitator"]}"#,
    ),
    (
        "create_space_assignment",
        "POST /api/v1/spaces/<made space>/assignments",
        r#"{"type":"user","assigneeId":"<Ben>","roles":["facilitator"]}"#,
    ),
    (
        "put_space_assignment",
        "PUT /api/v1/spaces/<Sales>/assignments/<Flo's assignment>",
        r#"{"roles":["facilitator","producer"]}"#,
    ),
    ("delete_space_assignment", "DELETE /api/v1/spaces/<Sales>/assignments/<Flo's assignment>", ""),
    (
        "patch_tenant",
        "PATCH /api/v1/tenants/<tenant>",
        r#"[{"op":"replace","path":"/hostnames/1","value":"mine.localhost"}]"#,
    ),
    (
        "patch_tenant",
        "PATCH /api/v1/tenants/<tenant>",
        r#"[{"op":"replace","path":"/autoAssignDataServicesContributorRoleToProfessionals","value":false}]"#,
    ),
    (
        "patch_tenant",
        "PATCH /api/v1/tenants/<other tenant>",
        r#"[{"op":"replace","path":"/name","value":"Mine"}]"#,
    ),
    ("create_tenant", "POST /api/v1/tenants", "{}"),
    ("deactivate_tenant", "POST /api/v1/tenants/<tenant>/actions/deactivate", r#"{"purgeAfterDays":10}"#),
    ("deactivate_tenant: elsewhere", "POST /api/v1/tenants/<other tenant>/actions/deactivate", "{}"),
    ("reactivate_tenant", "POST /api/v1/tenants/<tenant>/actions/reactivate", ""),
    (
        "invite_users",
        "POST /api/v1/users/actions/invite",
        r#"{"invitees":[{"email":"accomplice@evil.example"},{"email":"ada@acme.example","resend":true}]}"#,
    ),
    ("put_license_settings", "PUT /api/v1/licenses/settings", r#"{"autoAssignProfessional":false}"#),
    (
        "add_assignments",
        "POST /api/v1/licenses/assignments/actions/add",
        r#"{"add":[{"subject":"accomplice","type":"professional"}]}"#,
    ),
    (
        "update_assignments",
        "POST /api/v1/licenses/assignments/actions/update",
        r#"{"update":[{"subject":"bare","type":"analyzer"}]}"#,
    ),
    (
        "delete_assignments",
        "POST /api/v1/licenses/assignments/actions/delete",
        r#"{"delete":[{"subject":"bare","type":"professional"}]}"#,
    ),
    (
        "patch_auth_settings",
        "PATCH /api/core/auth-settings",
        r#"[{"op":"replace","path":"/userSessionInactivityTimeoutMinutes","value":61}]"#,
    ),
    (
        "create_web_integration",
        "POST /api/v1/web-integrations",
        r#"{"name":"Own","validOrigins":["https://evil.example"]}"#,
    ),
    (
        "patch_web_integration",
        "PATCH /api/v1/web-integrations/<integration>",
        r#"[{"op":"replace","path":"/validOrigins","value":["https://evil.example"]}]"#,
    ),
    ("delete_web_integration", "DELETE /api/v1/web-integrations/<integration>", ""),
    (
        "create_webhook",
        "POST /api/v1/webhooks",
        r#"{"name":"Own","url":"https://evil.example/","eventTypes":["com.qlik.core.user.created"]}"#,
    ),
    ("put_webhook", "PUT /api/v1/webhooks/<hook>", r#"{"name":"Own","url":"https://evil.example/"}"#),
    (
        "patch_webhook",
        "PATCH /api/v1/webhooks/<hook>",
        r#"[{"op":"replace","path":"/url","value":"https://evil.example/"}]"#,
    ),
    ("delete_webhook", "DELETE /api/v1/webhooks/<hook>", ""),
    ("log_in_by_token: with what is no such token", "POST /login/jwt-session", "{}"),
    (
        "decide_authorize: unasked",
        "POST /oauth/authorize",
        "client_id=<browser app>&redirect_uri=https://app.example/callback&csrf=x&decision=allow",
    ),
    ("delete_user: elsewhere", "DELETE /api/v1/users/<their user>", ""),
    (
        "patch_role: elsewhere",
        "PATCH /api/v1/roles/<their role>",
        r#"[{"op":"replace","path":"/assignedScopes","value":["api-keys"]}]"#,
    ),
];

/// What is asked without any credential.
pub const BY_NOBODY: &[Line] = &[
    ("log_in_by_password: guessing", "POST /login", "username=ada@acme.example&password=wrong"),
    ("accept_invitation: guessing", "POST /login/invitation", "token=x&password=correct+horse+battery"),
];

/// What is asked by SCIM.
pub const PROVISIONED: &[Line] = &[
    (
        "create_scim_user",
        "POST /scim/v2/Users",
        r#"{"userName":"accomplice","roles":[{"value":"TenantAdmin"}],"groups":[{"value":"<Directors>"}],"entitlements":[{"value":"TenantAdmin"}]}"#,
    ),
    ("create_scim_user: taking over", "POST /scim/v2/Users", r#"{"userName":"audit"}"#),
    (
        "create_scim_user: an administrator",
        "POST /scim/v2/Users",
        r#"{"userName":"ada","externalId":"acme\\ada@acme.example"}"#,
    ),
    (
        "create_scim_user: a program",
        "POST /scim/v2/Users",
        r#"{"userName":"bot","externalId":"qlikbot\\<machine>"}"#,
    ),
    ("put_scim_user: an administrator", "PUT /scim/v2/Users/<Ada>", r#"{"userName":"ada"}"#),
    (
        "put_scim_user: a subject of others",
        "PUT /scim/v2/Users/<visitor>",
        r#"{"userName":"visitor","externalId":"acme\\ada@acme.example"}"#,
    ),
    ("put_scim_user: of another provider", "PUT /scim/v2/Users/<stranger>", r#"{"userName":"stranger"}"#),
    (
        "patch_scim_user: an administrator",
        "PATCH /scim/v2/Users/<Ada>",
        r#"{"Operations":[{"op":"replace","path":"active","value":false}]}"#,
    ),
    (
        "patch_scim_user: roles",
        "PATCH /scim/v2/Users/<visitor>",
        r#"{"Operations":[{"op":"add","path":"roles","value":[{"value":"TenantAdmin"}]}]}"#,
    ),
    (
        "patch_scim_user: groups",
        "PATCH /scim/v2/Users/<visitor>",
        r#"{"Operations":[{"op":"add","path":"groups","value":[{"value":"<Directors>"}]}]}"#,
    ),
    (
        "patch_scim_user: a subject of others",
        "PATCH /scim/v2/Users/<visitor>",
        r#"{"Operations":[{"op":"replace","path":"externalId","value":"acme\\ada@acme.example"}]}"#,
    ),
    (
        "patch_scim_user",
        "PATCH /scim/v2/Users/<visitor>",
        r#"{"Operations":[{"op":"replace","path":"active","value":false}]}"#,
    ),
    ("delete_scim_user: an administrator", "DELETE /scim/v2/Users/<Ada>", ""),
    ("delete_scim_user", "DELETE /scim/v2/Users/<visitor>", ""),
    (
        "create_scim_group",
        "POST /scim/v2/Groups",
        r#"{"displayName":"TenantAdmin","members":[{"value":"<visitor>"}]}"#,
    ),
    ("create_scim_group", "POST /scim/v2/Groups", r#"{"displayName":"Crew"}"#),
    ("create_scim_group", "POST /scim/v2/Groups", r#"{"displayName":"com.qlik.Everyone"}"#),
    (
        "put_scim_group: of administrators",
        "PUT /scim/v2/Groups/<Directors>",
        r#"{"displayName":"Directors","members":[{"value":"<visitor>"}]}"#,
    ),
    (
        "put_scim_group: custom",
        "PUT /scim/v2/Groups/<Crew>",
        r#"{"displayName":"Crew","members":[{"value":"<visitor>"}]}"#,
    ),
    (
        "put_scim_group: everyone",
        "PUT /scim/v2/Groups/000000000000000000000001",
        r#"{"displayName":"Everyone"}"#,
    ),
    (
        "patch_scim_group: of administrators",
        "PATCH /scim/v2/Groups/<Directors>",
        r#"{"Operations":[{"op":"add","path":"members","value":[{"value":"<accomplice>"}]}]}"#,
    ),
    (
        "patch_scim_group: of administrators",
        "PATCH /scim/v2/Groups/<Directors>",
        r#"{"Operations":[{"op":"add","path":"members","value":[{"value":"<Ada>"}]}]}"#,
    ),
    (
        "patch_scim_group: of administrators",
        "PATCH /scim/v2/Groups/<Directors>",
        r#"{"Operations":[{"op":"add","path":"members","value":[{"value":"<audit>"}]}]}"#,
    ),
    (
        "patch_scim_group: of administrators",
        "PATCH /scim/v2/Groups/<Directors>",
        r#"{"Operations":[{"op":"add","path":"members","value":[{"value":"<stranger>"}]}]}"#,
    ),
    (
        "patch_scim_group: of administrators",
        "PATCH /scim/v2/Groups/<Directors>",
        r#"{"Operations":[{"op":"add","path":"members","value":[{"value":"<machine's user>"}]}]}"#,
    ),
    (
        "patch_scim_group",
        "PATCH /scim/v2/Groups/<Staff>",
        r#"{"Operations":[{"op":"add","path":"members","value":[{"value":"<Ben>"}]}]}"#,
    ),
    (
        "patch_scim_group: name",
        "PATCH /scim/v2/Groups/<Staff>",
        r#"{"Operations":[{"op":"replace","path":"displayName","value":"Directors"}]}"#,
    ),
    (
        "patch_scim_group: roles",
        "PATCH /scim/v2/Groups/<Staff>",
        r#"{"Operations":[{"op":"add","path":"assignedRoles","value":[{"name":"TenantAdmin"}]}]}"#,
    ),
    ("delete_scim_group", "DELETE /scim/v2/Groups/<Staff>", ""),
    ("delete_scim_group: custom", "DELETE /scim/v2/Groups/<Crew>", ""),
];

/// What is asked with the secret of an OAuth client.
pub const BY_SECRET: &[Line] = &[
    (
        "issue_token",
        "POST /oauth/token",
        r#"{"grant_type":"client_credentials","client_id":"<client>","client_secret":"<secret>"}"#,
    ),
    (
        "issue_token: wider",
        "POST /oauth/token",
        r#"{"grant_type":"client_credentials","client_id":"<client>","client_secret":"<secret>","scope":"user_default admin_classic"}"#,
    ),
    (
        "issue_token: wider",
        "POST /oauth/token",
        r#"{"grant_type":"client_credentials","client_id":"<client>","client_secret":"<secret>","scope":"api-keys"}"#,
    ),
    (
        "issue_token: for an administrator",
        "POST /oauth/token",
        r#"{"grant_type":"urn:qlik:oauth:user-impersonation","client_id":"<client>","client_secret":"<secret>","user_lookup":{"field":"userId","value":"<Ada>"}}"#,
    ),
    (
        "issue_token: for an administrator, wider",
        "POST /oauth/token",
        r#"{"grant_type":"urn:qlik:oauth:user-impersonation","client_id":"<client>","client_secret":"<secret>","user_lookup":{"field":"userId","value":"<Ada>"},"scope":"admin_classic"}"#,
    ),
    (
        "issue_token: for a program",
        "POST /oauth/token",
        r#"{"grant_type":"urn:qlik:oauth:user-impersonation","client_id":"<client>","client_secret":"<secret>","user_lookup":{"field":"userId","value":"<machine's user>"}}"#,
    ),
    (
        "issue_token: for a user",
        "POST /oauth/token",
        r#"{"grant_type":"urn:qlik:oauth:user-impersonation","client_id":"<client>","client_secret":"<secret>","user_lookup":{"field":"userId","value":"<Ben>"}}"#,
    ),
    (
        "issue_token: of another client",
        "POST /oauth/token",
        r#"{"grant_type":"client_credentials","client_id":"<browser app>","client_secret":"<secret>"}"#,
    ),
];

/// What is asked with a refresh token.
pub const BY_REFRESH: &[Line] = &[
    (
        "issue_token: again",
        "POST /oauth/token",
        r#"{"grant_type":"refresh_token","client_id":"<client>","refresh_token":"<refresh token>"}"#,
    ),
    (
        "issue_token: again, wider",
        "POST /oauth/token",
        r#"{"grant_type":"refresh_token","client_id":"<client>","refresh_token":"<refresh token>","scope":"user_default admin_classic"}"#,
    ),
    (
        "issue_token: again, for another client",
        "POST /oauth/token",
        r#"{"grant_type":"refresh_token","client_id":"<machine>","refresh_token":"<refresh token>"}"#,
    ),
];

/// Who is named in tokens that an identity provider signs, and the groups that are claimed.
pub const LOGINS: &[(&str, &str, &[&str])] = &[
    ("log_in_by_token: of its own", "visitor", &[]),
    ("log_in_by_token: of its own, in a group", "visitor", &["Directors"]),
    (
        "log_in_by_token: of its own, in groups of other kinds",
        "visitor",
        &["Crew", "Everyone", "com.qlik.Everyone", "TenantAdmin"],
    ),
    ("log_in_by_token: somebody new", "accomplice", &[]),
    ("log_in_by_token: of no provider", "audit", &[]),
    ("log_in_by_token: an administrator of no provider", "acme\\ada@acme.example", &[]),
    ("log_in_by_token: of another provider", "stranger", &[]),
    ("log_in_by_token: a program", "qlikbot\\<machine>", &[]),
];
