-- The profile tables of a new project: users, work_experience and skills, with their row-level security.
--
-- For a database that has these tables already, skip this file
-- (`supabase migration repair --status applied 20260101000000`) and apply the next one alone.
-- Running it twice changes nothing.
--
-- The CHECK constraints repeat the API's limits. Their names are part of the contract: the worker turns a violated
-- constraint's name into an error for the field it belongs to.

create table if not exists public.users (
  id uuid primary key references auth.users (id) on delete cascade,
  email text,
  first_name text,
  last_name text,
  phone text,
  location text,
  linkedin_url text,
  photo_url text,
  current_title text,
  professional_summary text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint users_first_name_length check (char_length(first_name) <= 100),
  constraint users_last_name_length check (char_length(last_name) <= 100),
  constraint users_phone_length check (char_length(phone) <= 32),
  constraint users_location_length check (char_length(location) <= 200),
  constraint users_linkedin_url_length check (char_length(linkedin_url) <= 300),
  constraint users_photo_url_length check (char_length(photo_url) <= 2048),
  constraint users_photo_url_scheme check (photo_url ~* '^https?://'),
  constraint users_current_title_length check (char_length(current_title) <= 200),
  constraint users_professional_summary_length check (char_length(professional_summary) <= 10000)
);

create table if not exists public.work_experience (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.users (id) on delete cascade,
  "position" text not null,
  company text not null,
  description text,
  start_date date not null,
  end_date date,
  is_current boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint work_experience_position_length
    check (btrim("position") <> '' and char_length("position") <= 200),
  constraint work_experience_company_length check (btrim(company) <> '' and char_length(company) <= 200),
  constraint work_experience_description_length check (char_length(description) <= 10000),
  constraint work_experience_end_date_after_start_date check (end_date >= start_date),
  constraint work_experience_current_has_no_end_date check (not is_current or end_date is null)
);

-- A stored column in a unique constraint, because PostgREST implementations may take a unique expression index
-- for a to-one relation.
create table if not exists public.skills (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.users (id) on delete cascade,
  name text not null,
  name_key text generated always as (lower(name)) stored,
  level text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint skills_name_length check (btrim(name) <> '' and char_length(name) <= 100),
  constraint skills_level_known check (level in ('beginner', 'intermediate', 'advanced', 'expert')),
  constraint skills_name_unique_per_user unique (user_id, name_key)
);

-- In the order in which the profile lists them. Skills are found by user through their unique constraint.
create index if not exists work_experience_user_id_idx
  on public.work_experience (user_id, start_date desc nulls last, id);

create or replace function public.set_updated_at()
returns trigger language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end
$$;

-- A column list, so that a newly stored embedding does not pass for an edit of the profile.
create or replace trigger users_set_updated_at
  before update of email, first_name, last_name, phone, location, linkedin_url, photo_url, current_title,
    professional_summary on public.users
  for each row execute function public.set_updated_at();

create or replace trigger work_experience_set_updated_at
  before update on public.work_experience
  for each row execute function public.set_updated_at();

create or replace trigger skills_set_updated_at
  before update on public.skills
  for each row execute function public.set_updated_at();

-- Every account has a profile row that carries its current e-mail address.
create or replace function public.copy_account_to_users()
returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.users as u (id, email) values (new.id, new.email)
  on conflict (id) do update set email = excluded.email where u.email is distinct from excluded.email;
  return null;
end
$$;

create or replace trigger copy_account_to_users
  after insert or update of email on auth.users
  for each row execute function public.copy_account_to_users();

insert into public.users (id, email)
select id, email from auth.users
on conflict (id) do nothing;

revoke execute on function public.set_updated_at(), public.copy_account_to_users()
  from public, anon, authenticated;

alter table public.users enable row level security;
alter table public.work_experience enable row level security;
alter table public.skills enable row level security;

-- Supabase grants everything on a new table to everybody; what is not needed goes.
revoke all on public.users, public.work_experience, public.skills from anon, authenticated;
grant select on public.users to authenticated;
grant select, insert, update, delete on public.work_experience, public.skills to authenticated;
grant all on public.users, public.work_experience, public.skills to service_role;

-- By column, as the embedding that a later migration adds is not the user's to write.
grant
  insert (id, email, first_name, last_name, phone, location, linkedin_url, photo_url, current_title,
    professional_summary),
  update (id, email, first_name, last_name, phone, location, linkedin_url, photo_url, current_title,
    professional_summary)
  on public.users to authenticated;

drop policy if exists users_select_own on public.users;
create policy users_select_own on public.users for select to authenticated
  using (id = (select auth.uid()));
drop policy if exists users_insert_own on public.users;
create policy users_insert_own on public.users for insert to authenticated
  with check (id = (select auth.uid()));
drop policy if exists users_update_own on public.users;
create policy users_update_own on public.users for update to authenticated
  using (id = (select auth.uid())) with check (id = (select auth.uid()));

drop policy if exists work_experience_select_own on public.work_experience;
create policy work_experience_select_own on public.work_experience for select to authenticated
  using (user_id = (select auth.uid()));
drop policy if exists work_experience_insert_own on public.work_experience;
create policy work_experience_insert_own on public.work_experience for insert to authenticated
  with check (user_id = (select auth.uid()));
drop policy if exists work_experience_update_own on public.work_experience;
create policy work_experience_update_own on public.work_experience for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
drop policy if exists work_experience_delete_own on public.work_experience;
create policy work_experience_delete_own on public.work_experience for delete to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists skills_select_own on public.skills;
create policy skills_select_own on public.skills for select to authenticated
  using (user_id = (select auth.uid()));
drop policy if exists skills_insert_own on public.skills;
create policy skills_insert_own on public.skills for insert to authenticated
  with check (user_id = (select auth.uid()));
drop policy if exists skills_update_own on public.skills;
create policy skills_update_own on public.skills for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
drop policy if exists skills_delete_own on public.skills;
create policy skills_delete_own on public.skills for delete to authenticated
  using (user_id = (select auth.uid()));
