-- How many rows there are behind each index, as SQLite's planner sees it: rows in all, rows of a tenant, and so on with one
-- more column. Given once and for all, as for a large tenant, so that a query is planned in the same way on the first day
-- and with a million users. Without it the planner follows the sort order through all users to find one by e-mail.

ANALYZE sqlite_schema;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('users', 'sqlite_autoindex_users_1', '1000000 100000 1'),
    ('users', 'users_subject', '1000000 100000 1'),
    ('users', 'users_by_subject', '1000000 100000 2 1'),
    ('users', 'users_by_name', '1000000 100000 4 1 1 1'),
    ('users', 'users_by_email', '1000000 100000 2 1'),
    ('users', 'users_by_status', '1000000 100000 50000 1'),
    ('users', 'users_by_creation', '1000000 100000 2 1'),
    ('groups', 'sqlite_autoindex_groups_1', '100000 10000 1'),
    ('groups', 'groups_name', '100000 10000 5000 1'),
    ('groups', 'groups_by_name', '100000 10000 2 1'),
    ('roles', 'roles', '10000 500 1'),
    ('roles', 'roles_name', '10000 500 1'),
    ('user_roles', 'user_roles', '2000000 200000 2 1'),
    ('user_roles', 'user_roles_by_role', '2000000 200000 400 1'),
    ('user_groups', 'user_groups', '2000000 200000 2 1'),
    ('user_groups', 'user_groups_by_group', '2000000 200000 20 1'),
    ('group_roles', 'group_roles', '100000 10000 2 1'),
    ('group_roles', 'group_roles_by_role', '100000 10000 20 1'),
    ('license_assignments', 'license_assignments', '1000000 100000 1'),
    ('license_assignments', 'license_assignments_by_subject', '1000000 100000 2 1'),
    ('api_keys', 'api_keys', '100000 10000 1'),
    ('api_keys', 'api_keys_by_subject', '100000 10000 5 2 1'),
    ('api_keys', 'api_keys_by_creation', '100000 10000 2 1');

ANALYZE sqlite_schema;
