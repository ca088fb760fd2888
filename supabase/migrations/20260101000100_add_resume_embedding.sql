-- The resume embedding: the vector on users, its state, the triggers that notice every edit, and the functions
-- through which the worker stores vectors and finds stale ones.
--
-- It fits the tables of the previous migration and any database that has them already: users (id uuid primary key,
-- current_title, professional_summary), work_experience (id, user_id, position, company, description, start_date)
-- and skills (id, user_id, name), all in schema public. Running it twice changes nothing, and existing vectors stay in use
-- until the worker has replaced them.
--
-- To apply it, as the role that owns the tables (`postgres` on Supabase), do one of these:
--   supabase db push
--   psql "$DATABASE_URL" --single-transaction -v ON_ERROR_STOP=1 -f <this file>
--   paste it into the SQL editor of the dashboard and run it.
-- If users already holds many vectors, build the index first, as this file would block writes while it does:
--   create index concurrently users_resume_embedding_idx on users using hnsw (resume_embedding vector_cosine_ops);

do $$
declare
  missing text;
begin
  select string_agg(format('%s.%s (%s)', t, c, k), ', ') into missing
  from (values
    ('users', 'id', 'uuid'), ('users', 'current_title', 'text'), ('users', 'professional_summary', 'text'),
    ('work_experience', 'id', 'any type'), ('work_experience', 'user_id', 'uuid'),
    ('work_experience', 'position', 'text'), ('work_experience', 'company', 'text'),
    ('work_experience', 'description', 'text'), ('work_experience', 'start_date', 'date'),
    ('skills', 'id', 'any type'), ('skills', 'user_id', 'uuid'), ('skills', 'name', 'text')
  ) as needed (t, c, k)
  where not exists (
    select from pg_attribute
    where attrelid = to_regclass('public.' || t) and attname = c and not attisdropped
      and (k <> 'uuid' or atttypid = 'uuid'::regtype)
  );
  if missing is not null then
    raise exception 'The resume embedding needs these columns in schema public, which are missing: %', missing
      using hint = 'A new project applies 20260101000000_create_profile_tables.sql first.';
  end if;
end
$$;

-- Supabase keeps extensions in a schema of their own; where it is already installed it stays.
do $$
begin
  if to_regnamespace('extensions') is not null then
    create extension if not exists vector with schema extensions;
  else
    create extension if not exists vector with schema public;
  end if;
end
$$;

do $$
declare
  vector_schema name := (
    select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector');
  column_type regtype;
  column_dimensions int;
  misfits bigint := 0;
begin
  select atttypid, atttypmod into column_type, column_dimensions
  from pg_attribute
  where attrelid = 'public.users'::regclass and attname = 'resume_embedding' and not attisdropped;

  if column_type is null then
    execute format('alter table public.users add column resume_embedding %I.vector(768)', vector_schema);
  elsif column_type <> format('%I.vector', vector_schema)::regtype or column_dimensions <> 768 then
    if column_type = format('%I.vector', vector_schema)::regtype then
      execute format(
        'select count(*) from public.users where %I.vector_dims(resume_embedding) <> 768', vector_schema
      ) into misfits;
    else
      execute 'select count(*) from public.users where resume_embedding is not null' into misfits;
    end if;
    if misfits > 0 then
      raise exception 'users.resume_embedding exists, and % of its values are no vectors of 768 dimensions', misfits
        using hint = 'Rename the column or set those values to NULL, then run this file again.';
    end if;
    execute format(
      'alter table public.users alter column resume_embedding type %1$I.vector(768)
       using resume_embedding::text::%1$I.vector(768)', vector_schema);
  end if;

  if not exists (
    select from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_am m on m.oid = c.relam
    join pg_opclass o on o.oid = i.indclass[0]
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = 'public.users'::regclass and a.attname = 'resume_embedding'
      and m.amname = 'hnsw' and o.opcname = 'vector_cosine_ops' and i.indisvalid
  ) then
    execute format(
      'create index users_resume_embedding_idx on public.users using hnsw (resume_embedding %I.vector_cosine_ops)',
      vector_schema);
  end if;
end
$$;

comment on column public.users.resume_embedding is
  'The embedding of the profile''s text, or NULL when it has none. Written by store_resume_embeddings() only.';

-- A table of its own, because a revision on users would rewrite the row with its vector and index entry at every
-- edit, and fire the other triggers of that table.
create table if not exists public.resume_embedding_state (
  user_id uuid primary key references public.users (id) on delete cascade,
  revision bigint not null default 1,
  embedded_revision bigint not null default 0,
  model text,
  text_hash text,
  embedded_at timestamptz,
  error text,
  attempts int not null default 0,
  next_attempt_at timestamptz,
  changed_at timestamptz not null default now()
);

comment on table public.resume_embedding_state is
  'How far users.resume_embedding has followed the profile: stale while embedded_revision < revision.';

alter table public.resume_embedding_state enable row level security;
revoke all on public.resume_embedding_state from public, anon, authenticated;
grant select on public.resume_embedding_state to authenticated;
grant all on public.resume_embedding_state to service_role;
drop policy if exists resume_embedding_state_select_own on public.resume_embedding_state;
create policy resume_embedding_state_select_own on public.resume_embedding_state for select to authenticated
  using (user_id = (select auth.uid()));

-- Column rights. A revoke of the column alone does nothing under a grant on the whole table, so the table's grant
-- goes and all other columns are granted instead. A column added later needs its own grant.
do $$
declare
  grantee text;
  privilege text;
  other_columns text;
begin
  select string_agg(quote_ident(attname), ', ' order by attnum) into other_columns
  from pg_attribute
  where attrelid = 'public.users'::regclass and attnum > 0 and not attisdropped and attname <> 'resume_embedding';

  foreach grantee in array array['anon', 'authenticated'] loop
    foreach privilege in array array['insert', 'update'] loop
      if has_table_privilege(grantee, 'public.users', privilege) then
        execute format('revoke %s on public.users from public, %I', privilege, grantee);
        execute format('grant %s (%s) on public.users to %I', privilege, other_columns, grantee);
      end if;
      execute format('revoke %s (resume_embedding) on public.users from public, %I', privilege, grantee);
    end loop;
  end loop;
end
$$;

-- What holds when somebody grants everything on the table again. Runs with the caller's rights, to see its role.
create or replace function public.refuse_resume_embedding_write()
returns trigger language plpgsql set search_path = '' as $$
begin
  if current_user in ('anon', 'authenticated') and (tg_op = 'UPDATE' or new.resume_embedding is not null) then
    raise exception 'permission denied for column resume_embedding of table users' using errcode = '42501';
  end if;
  return new;
end
$$;

create or replace trigger users_refuse_resume_embedding_write
  before insert or update of resume_embedding on public.users
  for each row execute function public.refuse_resume_embedding_write();

-- Moves the revision of every given user on, in id order, which is what keeps concurrent edits from deadlocking.
-- A user who is being deleted has no row any more, and so gets no state either.
create or replace function public.bump_resume_revisions(user_ids uuid[])
returns void language sql security definer set search_path = '' as $$
  insert into public.resume_embedding_state as s (user_id)
  select u.id from public.users u where u.id in (select unnest(user_ids)) order by u.id
  on conflict (user_id) do update
    set revision = s.revision + 1, changed_at = now(), error = null, attempts = 0, next_attempt_at = null;
$$;

create or replace function public.add_resume_embedding_state()
returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.resume_embedding_state (user_id)
  select id from new_rows order by id
  on conflict (user_id) do nothing;
  return null;
end
$$;

-- The triggers below run once a statement, because row by row they deadlock and make imports slow. Transition
-- tables forbid column lists and several events for one trigger, hence the comparisons and the many triggers.
-- Both sides of a comparison count: a row that moves from one user to another changes two profiles.
create or replace function public.bump_for_changed_users()
returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform public.bump_resume_revisions(array_agg(changed.id))
  from (
    select id, current_title, professional_summary from new_rows
    except
    select id, current_title, professional_summary from old_rows
  ) changed
  having count(*) > 0;
  return null;
end
$$;

create or replace function public.bump_for_changed_work_experience()
returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform public.bump_resume_revisions(array_agg(changed.user_id))
  from (
    (select id, user_id, "position", company, description, start_date from old_rows
     except select id, user_id, "position", company, description, start_date from new_rows)
    union all
    (select id, user_id, "position", company, description, start_date from new_rows
     except select id, user_id, "position", company, description, start_date from old_rows)
  ) changed
  having count(*) > 0;
  return null;
end
$$;

create or replace function public.bump_for_changed_skills()
returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform public.bump_resume_revisions(array_agg(changed.user_id))
  from (
    (select id, user_id, name from old_rows except select id, user_id, name from new_rows)
    union all
    (select id, user_id, name from new_rows except select id, user_id, name from old_rows)
  ) changed
  having count(*) > 0;
  return null;
end
$$;

-- Serves inserts and deletes of work_experience and skills alike: both name their rows changed_rows.
create or replace function public.bump_for_changed_rows()
returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform public.bump_resume_revisions(array_agg(user_id)) from changed_rows having count(*) > 0;
  return null;
end
$$;

-- TRUNCATE has no transition tables, so it is caught while the rows are still there.
create or replace function public.bump_before_truncate()
returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_table_name = 'work_experience' then
    perform public.bump_resume_revisions(array_agg(distinct user_id)) from public.work_experience;
  else
    perform public.bump_resume_revisions(array_agg(distinct user_id)) from public.skills;
  end if;
  return null;
end
$$;

create or replace trigger users_add_resume_embedding_state
  after insert on public.users referencing new table as new_rows
  for each statement execute function public.add_resume_embedding_state();
create or replace trigger users_bump_resume_revision_on_update
  after update on public.users referencing old table as old_rows new table as new_rows
  for each statement execute function public.bump_for_changed_users();

create or replace trigger work_experience_bump_resume_revision_on_insert
  after insert on public.work_experience referencing new table as changed_rows
  for each statement execute function public.bump_for_changed_rows();
create or replace trigger work_experience_bump_resume_revision_on_update
  after update on public.work_experience referencing old table as old_rows new table as new_rows
  for each statement execute function public.bump_for_changed_work_experience();
create or replace trigger work_experience_bump_resume_revision_on_delete
  after delete on public.work_experience referencing old table as changed_rows
  for each statement execute function public.bump_for_changed_rows();
create or replace trigger work_experience_bump_resume_revision_on_truncate
  before truncate on public.work_experience
  for each statement execute function public.bump_before_truncate();

create or replace trigger skills_bump_resume_revision_on_insert
  after insert on public.skills referencing new table as changed_rows
  for each statement execute function public.bump_for_changed_rows();
create or replace trigger skills_bump_resume_revision_on_update
  after update on public.skills referencing old table as old_rows new table as new_rows
  for each statement execute function public.bump_for_changed_skills();
create or replace trigger skills_bump_resume_revision_on_delete
  after delete on public.skills referencing old table as changed_rows
  for each statement execute function public.bump_for_changed_rows();
create or replace trigger skills_bump_resume_revision_on_truncate
  before truncate on public.skills
  for each statement execute function public.bump_before_truncate();

insert into public.resume_embedding_state (user_id)
select id from public.users order by id
on conflict (user_id) do nothing;

-- The forward-only rule of store_resume_embeddings().
create or replace function public.resume_embedding_item_applies(
  item jsonb, state public.resume_embedding_state)
returns boolean language sql immutable set search_path = '' as $$
  select coalesce(
    (item ->> 'revision')::bigint <= state.revision
    and case
      when (item ->> 'revision')::bigint > state.embedded_revision then true
      when (item ->> 'revision')::bigint < state.embedded_revision then false
      else state.model is distinct from item ->> 'model' or coalesce((item ->> 'force')::boolean, false)
    end
    and (
      not coalesce((item ->> 'keep')::boolean, false)
      or (state.text_hash = item ->> 'text_hash' and state.model = item ->> 'model')
    ), false);
$$;

-- Stores the outcome of embeddings, forward only. Each item is
--   {"user_id", "revision", "model", "text_hash", "embedding": "[…]" | null} or the same with "keep": true instead
-- of an embedding. null clears the vector; keep leaves it and moves the revision only, provided that the stored
-- text hash and model are still the item's. An item applies to a lower embedded_revision, or to the same one with
-- another model, or, with "force": true, to the same one in any case; never to a revision that lies ahead.
-- Answers 'stored', 'superseded' (refused, as something newer is there) or 'missing' (no such user) for each item.
create or replace function public.store_resume_embeddings(items jsonb)
returns table (user_id uuid, outcome text) language plpgsql security definer set search_path = '' as $$
declare
  item jsonb;
  ids uuid[];
  state public.resume_embedding_state;
  new_vector public.users.resume_embedding%type;
begin
  -- Profile rows before state rows, each in id order: the order in which an edit takes its locks. Only what is locked
  -- here is touched below, as a user who is deleted and added again meanwhile would be locked out of order.
  select coalesce(array_agg(locked.id), '{}') into ids from (
    select u.id from public.users u
    where u.id in (select (i ->> 'user_id')::uuid from jsonb_array_elements(items) i)
    order by u.id for no key update of u
  ) locked;
  perform 1 from public.resume_embedding_state s where s.user_id = any (ids) order by s.user_id for update;

  for item in select i from jsonb_array_elements(items) i loop
    if not (item ? 'embedding' or coalesce((item ->> 'keep')::boolean, false)) then
      raise exception 'an item needs an embedding (a vector or null) or keep' using errcode = '22023';
    end if;
    user_id := (item ->> 'user_id')::uuid;
    select s.* into state from public.resume_embedding_state s
    where s.user_id = (item ->> 'user_id')::uuid and s.user_id = any (ids);
    if not found then
      outcome := 'missing';
    elsif not public.resume_embedding_item_applies(item, state) then
      outcome := 'superseded';
    else
      outcome := 'stored';
      if item ? 'embedding' and not coalesce((item ->> 'keep')::boolean, false) then
        new_vector := item ->> 'embedding';
        update public.users u set resume_embedding = new_vector
        where u.id = state.user_id and (new_vector is not null or u.resume_embedding is not null);
      end if;
      update public.resume_embedding_state s
      set embedded_revision = (item ->> 'revision')::bigint, model = item ->> 'model',
        text_hash = item ->> 'text_hash', embedded_at = now(), error = null, attempts = 0, next_attempt_at = null
      where s.user_id = state.user_id;
    end if;
    return next;
  end loop;
end
$$;

-- Notes failed attempts, for the status route and the sweeper. Each item is
--   {"user_id", "revision", "error", "retry_after_s", "model"?}.
-- An edit since then wins, and so does a vector that meanwhile got through for that revision (and model, if given).
create or replace function public.record_resume_failures(items jsonb)
returns void language plpgsql security definer set search_path = '' as $$
begin
  perform 1 from public.resume_embedding_state s
  where s.user_id in (select (i ->> 'user_id')::uuid from jsonb_array_elements(items) i)
  order by s.user_id for update;

  update public.resume_embedding_state s
  set error = left(i ->> 'error', 1000), attempts = s.attempts + 1,
    next_attempt_at = now() + make_interval(secs => greatest(coalesce((i ->> 'retry_after_s')::float8, 0), 0))
  from jsonb_array_elements(items) i
  where s.user_id = (i ->> 'user_id')::uuid and s.revision = (i ->> 'revision')::bigint
    and (s.embedded_revision < s.revision or s.model is distinct from i ->> 'model');
end
$$;

-- A page of users whose vector does not reflect their profile, by ascending id, to be continued with the last id.
-- tag: the model tag that vectors should carry; NULL accepts any. min_age_s leaves out what was edited within so
-- many seconds, as a run for it is probably under way. include_fresh: everybody, whatever the state. lease_s hides the
-- found rows from later searches for so many seconds, unless they change: whoever took them is at work on them.
create or replace function public.stale_resumes(
  after uuid default null, max_rows int default 100, tag text default null, min_age_s int default 0,
  include_fresh boolean default false, lease_s int default 0)
returns table (user_id uuid) language sql volatile security definer set search_path = '' as $$
  with found as (
    select s.user_id
    from public.resume_embedding_state s
    where (after is null or s.user_id > after)
      and s.changed_at <= now() - make_interval(secs => coalesce(min_age_s, 0))
      and (
        include_fresh
        or (
          (s.embedded_revision < s.revision or (tag is not null and s.model is distinct from tag))
          and (s.next_attempt_at is null or s.next_attempt_at <= now())
        )
      )
    order by s.user_id
    limit greatest(coalesce(max_rows, 100), 0)
    for update skip locked
  ), leased as (
    update public.resume_embedding_state s
    set next_attempt_at = now() + make_interval(secs => lease_s)
    from found
    where lease_s > 0 and s.user_id = found.user_id
  )
  select found.user_id from found order by found.user_id;
$$;

-- How many users stale_resumes would find in all.
create or replace function public.count_stale_resumes(
  after uuid default null, tag text default null, include_fresh boolean default false)
returns bigint language sql stable security definer set search_path = '' as $$
  select count(*)
  from public.resume_embedding_state s
  where (after is null or s.user_id > after)
    and (
      include_fresh
      or (
        (s.embedded_revision < s.revision or (tag is not null and s.model is distinct from tag))
        and (s.next_attempt_at is null or s.next_attempt_at <= now())
      )
    );
$$;

-- Everybody may call a new function, and Supabase grants it to its roles by name as well.
revoke execute on function
  public.refuse_resume_embedding_write(), public.bump_resume_revisions(uuid[]),
  public.add_resume_embedding_state(), public.bump_for_changed_users(),
  public.bump_for_changed_work_experience(), public.bump_for_changed_skills(), public.bump_for_changed_rows(),
  public.bump_before_truncate(),
  public.resume_embedding_item_applies(jsonb, public.resume_embedding_state),
  public.store_resume_embeddings(jsonb), public.record_resume_failures(jsonb),
  public.stale_resumes(uuid, int, text, int, boolean, int), public.count_stale_resumes(uuid, text, boolean)
  from public, anon, authenticated;
grant execute on function
  public.store_resume_embeddings(jsonb), public.record_resume_failures(jsonb),
  public.stale_resumes(uuid, int, text, int, boolean, int), public.count_stale_resumes(uuid, text, boolean)
  to service_role;

-- PostgREST keeps a cache of the schema.
notify pgrst, 'reload schema';
