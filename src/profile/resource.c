// The tables of fields, as the API names and limits them. The migrations' CHECKs say the same.
#include "profile/resource.h"

#include <string.h>

#include "base/date.h"
#include "base/utf8.h"

#define COUNT(array) ((int32_t)(sizeof(array) / sizeof *(array)))

static const field profile_fields[] = {
    {.name = STR("first_name"), .max = 100},
    {.name = STR("last_name"), .max = 100},
    {.name = STR("phone"), .max = 32},
    {.name = STR("location"), .max = 200},
    {.name = STR("linkedin_url"), .type = FIELD_LOOSE_URL, .max = 300, .about = STR("With or without its scheme")},
    {.name = STR("photo_url"), .type = FIELD_URL, .max = 2048},
    {.name = STR("current_title"), .max = 200, .feeds_text = true},
    {.name = STR("professional_summary"), .max = 10000, .feeds_text = true},
};

static const field experience_fields[] = {
    {.name = STR("position"), .min = 1, .max = 200, .required = true, .feeds_text = true},
    {.name = STR("company"), .min = 1, .max = 200, .required = true, .feeds_text = true},
    {.name = STR("description"), .max = 10000, .feeds_text = true},
    {.name = STR("start_date"), .type = FIELD_DAY, .required = true, .feeds_text = true},
    {.name = STR("end_date"), .type = FIELD_DAY, .about = STR("Not before start_date")},
    {.name = STR("is_current"), .type = FIELD_BOOL, .about = STR("True only without an end_date")},
};

static const str levels[] = {STR("beginner"), STR("intermediate"), STR("advanced"), STR("expert"), STR("")};

static const field skill_fields[] = {
    {.name = STR("name"),
     .min = 1,
     .max = 100,
     .required = true,
     .feeds_text = true,
     .about = STR("Unique per user, whatever its case")},
    {.name = STR("level"), .type = FIELD_CHOICE, .choices = levels},
};

// Days compare like their texts. What is no day is absent, or has been reported.
static bool ends_after_start(const cJSON *start, const cJSON *end)
{
    str from = utf8_trim(json_text(start)), to = utf8_trim(json_text(end));
    return !date_is_day(from) || !date_is_day(to) || memcmp(from.at, to.at, (size_t)from.len) <= 0;
}

static bool current_has_no_end(const cJSON *current, const cJSON *end)
{
    return !cJSON_IsTrue(current) || !date_is_day(utf8_trim(json_text(end)));
}

static const char end_before_start[] = "Must not be before start_date";
static const char current_with_end[] = "Must be empty while is_current is true";

static const schema_rule experience_rules[] = {
    {"start_date", "end_date", ends_after_start, STR("end_date"), {end_before_start, sizeof end_before_start - 1}},
    {"is_current", "end_date", current_has_no_end, STR("end_date"), {current_with_end, sizeof current_with_end - 1}},
};

static const resource_constraint experience_constraints[] = {
    {STR("work_experience_end_date_after_start_date"),
     STR("end_date"),
     {end_before_start, sizeof end_before_start - 1}},
    {STR("work_experience_current_has_no_end_date"), STR("end_date"), {current_with_end, sizeof current_with_end - 1}},
    {STR(""), STR(""), STR("")},
};

static const resource_constraint no_constraints[] = {{STR(""), STR(""), STR("")}};

static const schema profile_schema = {STR("profile"), profile_fields, COUNT(profile_fields), NULL, 0};
static const schema experience_schema = {STR("work experience"), experience_fields, COUNT(experience_fields),
                                         experience_rules, COUNT(experience_rules)};
static const schema skill_schema = {STR("skill"), skill_fields, COUNT(skill_fields), NULL, 0};

const resource profile_resource = {
    .table = STR("users"),
    .title = STR("Profile"),
    .one = STR("profile"),
    .columns = STR("id,email,first_name,last_name,phone,location,linkedin_url,photo_url,current_title,"
                   "professional_summary"),
    .owner = STR("id"),
    .schema = &profile_schema,
    .constraints = no_constraints,
    .conflict = STR("Another profile has these values already"),
};

const resource experience_resource = {
    .table = STR("work_experience"),
    .title = STR("Work experience"),
    .one = STR("experience"),
    .many = STR("experiences"),
    .columns = STR("id,user_id,position,company,description,start_date,end_date,is_current"),
    .owner = STR("user_id"),
    .order = STR("start_date.desc.nullslast,id"),
    .schema = &experience_schema,
    .constraints = experience_constraints,
    .conflict = STR("This work experience exists already"),
};

const resource skill_resource = {
    .table = STR("skills"),
    .title = STR("Skill"),
    .one = STR("skill"),
    .many = STR("skills"),
    .columns = STR("id,user_id,name,level"),
    .owner = STR("user_id"),
    .order = STR("name,id"),
    .schema = &skill_schema,
    .constraints = no_constraints,
    .conflict = STR("This skill is in the profile already"),
};
