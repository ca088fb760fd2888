-- Three profiles to begin with, for local work only: ada@example.com, grace@example.com and linus@example.com, each
-- with the password "password123". Running it twice changes nothing.

do $$
declare
  account record;
  crypt_schema name;
  password_hash text;
begin
  -- Supabase keeps pgcrypto in schema `extensions`; an embedded database installs it here.
  if to_regnamespace('extensions') is not null then
    create extension if not exists pgcrypto with schema extensions;
  else
    create extension if not exists pgcrypto;
  end if;
  select n.nspname into crypt_schema
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pgcrypto';
  execute format('select %1$I.crypt(''password123'', %1$I.gen_salt(''bf''))', crypt_schema) into password_hash;

  for account in
    select * from (values
      ('00000000-0000-4000-8000-00000000ada0'::uuid, 'ada@example.com'),
      ('00000000-0000-4000-8000-000000009ace'::uuid, 'grace@example.com'),
      ('00000000-0000-4000-8000-000000011405'::uuid, 'linus@example.com')
    ) as accounts (id, email)
  loop
    -- Auth reads its token columns as strings, so a hosted project's account needs '' where nothing is pending.
    insert into auth.users (
      id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data,
      confirmation_token, recovery_token, email_change, email_change_token_new, created_at, updated_at)
    values (
      account.id, 'authenticated', 'authenticated', account.email, password_hash, now(),
      '{"provider": "email", "providers": ["email"]}', '{}', '', '', '', '', now(), now())
    on conflict (id) do nothing;

    insert into auth.identities (
      id, provider, provider_id, user_id, identity_data, last_sign_in_at, created_at, updated_at)
    values (
      account.id, 'email', account.id::text, account.id,
      jsonb_build_object('sub', account.id, 'email', account.email, 'email_verified', true), now(), now(), now())
    on conflict (provider, provider_id) do nothing;
  end loop;
end
$$;

update public.users u
set first_name = s.first_name, last_name = s.last_name, location = s.location, current_title = s.current_title,
  professional_summary = s.professional_summary
from (values
  ('ada@example.com', 'Ada', 'Byron', 'London', 'Data engineer',
   'Builds pipelines that turn event streams into tables which analysts trust.'),
  ('grace@example.com', 'Grace', 'Murray', 'Arlington', 'Compiler engineer',
   'Works on compilers and on the tools that make them pleasant to use.'),
  ('linus@example.com', 'Linus', 'Lind', 'Helsinki', 'Platform engineer',
   'Keeps clusters of Linux machines up, and documents why they went down.')
) as s (email, first_name, last_name, location, current_title, professional_summary)
where u.email = s.email and u.first_name is null;

insert into public.work_experience (id, user_id, "position", company, description, start_date, end_date, is_current)
select w.id::uuid, u.id, w."position", w.company, w.description, w.start_date::date, w.end_date::date, w.is_current
from (values
  ('10000000-0000-4000-8000-000000000001', 'ada@example.com', 'Senior data engineer', 'Analytical Engines',
   'Moved nightly batches to streaming, with late events handled.', '2022-03-01', null, true),
  ('10000000-0000-4000-8000-000000000002', 'ada@example.com', 'Data analyst', 'Babbage & Sons',
   'Reports for a factory, in SQL and Python.', '2019-09-01', '2022-02-28', false),
  ('10000000-0000-4000-8000-000000000003', 'grace@example.com', 'Compiler engineer', 'Harbour Systems',
   'An optimising back end for a language of the finance world.', '2020-01-15', null, true),
  ('10000000-0000-4000-8000-000000000004', 'linus@example.com', 'Site reliability engineer', 'Northern Hosting',
   'On call for 4,000 machines; wrote the kernel upgrade tooling.', '2021-06-01', null, true)
) as w (id, email, "position", company, description, start_date, end_date, is_current)
join public.users u on u.email = w.email
on conflict (id) do nothing;

insert into public.skills (user_id, name, level)
select u.id, s.name, s.level
from (values
  ('ada@example.com', 'PostgreSQL', 'expert'), ('ada@example.com', 'Python', 'advanced'),
  ('ada@example.com', 'Kafka', 'intermediate'), ('grace@example.com', 'C', 'expert'),
  ('grace@example.com', 'LLVM', 'advanced'), ('grace@example.com', 'COBOL', 'expert'),
  ('linus@example.com', 'Linux', 'expert'), ('linus@example.com', 'Kubernetes', 'advanced'),
  ('linus@example.com', 'Go', 'intermediate')
) as s (email, name, level)
join public.users u on u.email = s.email
on conflict (user_id, name_key) do nothing;
