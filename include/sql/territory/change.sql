-- Grain: code of a former edition and what it became. Key: code, edition_from, name_ru, successor_kato: the dictionary
-- of ГБД ФЛ has several names for one code.
-- Inputs: ${staged} (stage of the registry territory: kato, edition, level, name_ru, name_kk, became_kato, changed_on,
-- act), ${kato} and ${crosswalk} of the current edition, ${edition_name} a quoted text.
-- The registry has former editions as a whole. The dictionary of ГБД ФЛ has the districts of 2008 to 2024, undated,
-- here under the edition «ГБД ФЛ»; its rows that were rejected as a wrong match or as a heading are left out.
-- kind: same; renamed: the code stays; recoded: another code (is_renamed if another name too); merged: it became part
-- of a place that existed before or that others joined too; split: its parts lie in several places, a row each;
-- abolished: it has no successor. is_in_edition: the successor is in the current edition.
with history (oblast, key, kind) as (
    -- Renamings that no file has. Зеленовский became Бәйтерек; Приуральный had become a part of it before.
    values ('27', 'зеленовский', 'renamed')
),

former as (
    select
        kato as code,
        edition as edition_from,
        case level when 'sub_district' then 'okrug' else level end as level,
        name_ru,
        name_kk,
        nullif(became_kato, '') as became_kato,
        changed_on,
        act
    from ${staged}
    -- the current edition has no successors
    where edition in (select s.edition from ${staged} as s where s.became_kato <> '')
    union all
    select distinct
        left(x.kato, 4) || '00000',
        'ГБД ФЛ',
        'district',
        x.name_ru,
        x.name_kk,
        -- a district of a city is no district of KATO, but its code exists
        coalesce(case when x.refused is null then same_code.kato end, x.district_kato),
        null::date,
        null::varchar
    from ${crosswalk} as x
    left join ${kato} as same_code on same_code.kato = left(x.kato, 4) || '00000'
    where
        kato_is_wellformed(x.kato)
        and coalesce(x.refused, '') not in ('region', 'group')
        and x.district_kato is not null
),

compared as (
    select
        former.*,
        today.kato is not null as is_in_edition,
        list_contains([today.name_key_ru, today.name_key_kk], place_key(former.name_ru))
        or list_contains([today.name_key_ru, today.name_key_kk], place_key(former.name_kk)) as has_todays_name,
        history.kind as stated_kind
    from former
    left join ${kato} as today on former.became_kato = today.kato
    left join history
        on left(former.became_kato, 2) = history.oblast and place_key(former.name_ru) = history.key
),

judged as (
    select
        *,
        count(*) over (partition by edition_from, became_kato) as shared_by,
        bool_or(coalesce(has_todays_name, false)) over (partition by edition_from, became_kato) as has_namesake,
        bool_or(stated_kind = 'renamed') over (partition by edition_from, became_kato) as has_renamed
    from compared
),

named as (
    select
        *,
        case
            when became_kato is null then 'abolished'
            when stated_kind is not null then stated_kind
            when has_todays_name is not true and shared_by > 1 then 'merged'
            when code <> became_kato then 'recoded'
            when has_todays_name is false then 'renamed'
            else 'same'
        end as kind
    from judged
),

part (level, part_level, digits) as (
    values ('oblast', 'district', 2), ('district', 'okrug', 4), ('okrug', 'settlement', 6)
),

parted as (
    select
        rpad(left(named.code, part.digits), 9, '0') as code,
        named.edition_from,
        part.level,
        list(distinct rpad(left(named.became_kato, part.digits), 9, '0')) as successors,
        max(named.changed_on) filter (left(named.code, part.digits) <> left(named.became_kato, part.digits))
            as changed_on
    from named
    inner join part on named.level = part.part_level
    where named.became_kato is not null and named.kind <> 'merged'
    group by all
    having count(distinct left(named.became_kato, part.digits)) > 1
)

select
    named.code,
    named.edition_from,
    ${edition_name} as edition_to,
    named.level,
    named.name_ru,
    named.name_kk,
    named.became_kato as successor_kato,
    named.kind,
    not coalesce(named.has_todays_name, false) as is_renamed,
    named.is_in_edition,
    named.changed_on,
    named.act
from named
anti join parted on named.code = parted.code and named.edition_from = parted.edition_from
union all
select
    parted.code,
    parted.edition_from,
    ${edition_name},
    parted.level,
    whole.name_ru,
    whole.name_kk,
    successor.kato,
    'split',
    false,
    today.kato is not null,
    parted.changed_on,
    null
from parted
cross join unnest(parted.successors) as successor (kato)
left join (
    select
        code,
        edition_from,
        min(name_ru) as name_ru,
        min(name_kk) as name_kk
    from named
    group by all
) as whole
    on parted.code = whole.code and parted.edition_from = whole.edition_from
left join ${kato} as today on successor.kato = today.kato
order by 1, 2, 7, 5
