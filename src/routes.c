// One row per path and handler; the router, the preflight answers, /api and the OpenAPI document read the same rows.
#include "routes.h"

#include "docs/docs.h"
#include "embedding/backfill.h"
#include "profile/profile.h"

#define EXPERIENCES "/api/profile/work-experience"
#define SKILLS "/api/profile/skills"

enum { EDIT = METHOD_PUT | METHOD_PATCH };

// clang-format off
const route routes[] = {
    {METHOD_GET,    STR("/health"),               ACCESS_PUBLIC,  NULL, docs_health,  STR("Whether the worker is up"), STR("")},
    {METHOD_GET,    STR("/api"),                  ACCESS_PUBLIC,  NULL, docs_index,   STR("The endpoints in brief"), STR("")},
    {METHOD_GET,    STR("/api/openapi.json"),     ACCESS_PUBLIC,  NULL, docs_openapi, STR("This description"), STR("")},
    {METHOD_GET,    STR("/api/profile"),          ACCESS_USER, &profile_resource, profile_read, STR("Read the profile"), STR("")},
    {EDIT,          STR("/api/profile"),          ACCESS_USER, &profile_resource, profile_edit, STR("Change the profile"), STR("Profile updated successfully")},
    {METHOD_GET,    STR(EXPERIENCES),             ACCESS_USER, &experience_resource, profile_list, STR("List the positions, newest first"), STR("")},
    {METHOD_POST,   STR(EXPERIENCES),             ACCESS_USER, &experience_resource, profile_create, STR("Add a position"), STR("Work experience added successfully")},
    {METHOD_GET,    STR(EXPERIENCES "/:id"),      ACCESS_USER, &experience_resource, profile_read, STR("Read one position"), STR("")},
    {EDIT,          STR(EXPERIENCES "/:id"),      ACCESS_USER, &experience_resource, profile_edit, STR("Change a position"), STR("Work experience updated successfully")},
    {METHOD_DELETE, STR(EXPERIENCES "/:id"),      ACCESS_USER, &experience_resource, profile_delete, STR("Delete a position"), STR("Work experience deleted successfully")},
    {METHOD_GET,    STR(SKILLS),                  ACCESS_USER, &skill_resource, profile_list, STR("List the skills by name"), STR("")},
    {METHOD_POST,   STR(SKILLS),                  ACCESS_USER, &skill_resource, profile_create, STR("Add a skill"), STR("Skill added successfully")},
    {METHOD_GET,    STR(SKILLS "/:id"),           ACCESS_USER, &skill_resource, profile_read, STR("Read one skill"), STR("")},
    {EDIT,          STR(SKILLS "/:id"),           ACCESS_USER, &skill_resource, profile_edit, STR("Change a skill"), STR("Skill updated successfully")},
    {METHOD_DELETE, STR(SKILLS "/:id"),           ACCESS_USER, &skill_resource, profile_delete, STR("Delete a skill"), STR("Skill deleted successfully")},
    {METHOD_GET,    STR("/api/profile/embedding"), ACCESS_USER, NULL, profile_embedding_status, STR("Whether the stored vector reflects the profile"), STR("")},
    {METHOD_POST,   STR("/api/admin/backfill"),   ACCESS_SERVICE, NULL, backfill_handle, STR("Embed every stale user (service-role key)"), STR("")},
};
// clang-format on

const int32_t route_count = (int32_t)(sizeof routes / sizeof *routes);
