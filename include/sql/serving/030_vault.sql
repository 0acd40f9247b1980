-- ИИН and names, and nothing else that a table outside may not hold. No reader has a grant here.
create schema if not exists vault;

-- Grain: a person of the newest published period; person_key is the keyed hash that all other tables carry.
create table if not exists vault.person (
    person_key uuid primary key,
    iin text not null,
    surname text,
    given_name text,
    patronymic text
);
-- The period that the table holds.
create table if not exists vault.person_period (
    only_row boolean primary key default true check (only_row),
    period text not null,
    revision integer not null
);
