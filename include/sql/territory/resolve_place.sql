-- Grain: row of ${places}. Key: _key. Answer: (_key, settlement_kato, okrug_kato, district_kato, step).
-- Inputs: ${places} (_key, rca, kato, gbd_district_code, oblast_name, district_name, okrug_name, settlement_name; all
-- text); ${kato}, ${crosswalk}, ${address} of one edition; ${former}, codes that it does not have (resolve_former.sql).
-- Order: РКА; KATO; a former KATO; district code of ГБД ФЛ with settlement name; names. A former code that was divided
-- gives a place only with the name of a settlement in its parts. A name is looked up only inside what is already known,
-- and a name that occurs there twice gives no answer: «Жамбылский с.о.» exists 19 times. Names without a district are
-- looked up in the oblast of oblast_name; without an oblast, a district's name must be unique in the country.
-- step: 'rca', 'kato', 'kato_former', 'gbd_district+settlement', 'names', 'district_only', 'unresolved'.
-- settlement_kato is NULL where only the okrug is known; a city of oblast rank is its own settlement and okrug.
-- Each distinct description is resolved once, then joined back.
with description as materialized (
    select
        row_number() over () as id,
        distinct_place.*
    from (
        select distinct
            place.kato,
            place.gbd_district_code,
            place.oblast_name,
            place.district_name,
            place.okrug_name,
            place.settlement_name
        from ${places} as place
        anti join ${address} as address on place.rca = address.rca
    ) as distinct_place
),

spelling as materialized (
    select
        text,
        place_key(text) as key
    from (
        select distinct unnest([oblast_name, district_name, okrug_name, settlement_name]) as text
        from description
    )
    where text is not null
),

keyed as materialized (
    select
        description.id,
        description.kato,
        description.gbd_district_code,
        oblast.key as oblast_key,
        district.key as district_key,
        okrug.key as okrug_key,
        settlement.key as settlement_key
    from description
    left join spelling as oblast on description.oblast_name = oblast.text
    left join spelling as district on description.district_name = district.text
    left join spelling as okrug on description.okrug_name = okrug.text
    left join spelling as settlement on description.settlement_name = settlement.text
),

name as materialized (
    select distinct
        kato,
        level,
        coalesce(kind, '') as kind,
        okrug_kato,
        coalesce(district_kato, oblast_kato) as district_kato,
        oblast_kato,
        unnest([name_key_ru, name_key_kk]) as key
    from ${kato}
),

oblast_by_name as (
    select
        keyed.id,
        min(name.kato) as oblast_kato
    from keyed
    inner join name on keyed.oblast_key = name.key and name.level = 'oblast'
    group by keyed.id
    having count(distinct name.kato) = 1
),

-- Former names of districts come from the dictionary of ГБД ФЛ; a current name wins.
district_name as materialized (
    select
        key,
        kato as district_kato,
        oblast_kato
    from name
    where level = 'district' or (level = 'oblast' and kind = 'г.')
    union
    select
        former.key,
        former.district_kato,
        former.oblast_kato
    from (
        select
            unnest([crosswalk.name_key_ru, crosswalk.name_key_kk]) as key,
            crosswalk.district_kato,
            district.oblast_kato
        from ${crosswalk} as crosswalk
        inner join ${kato} as district on crosswalk.district_kato = district.kato
    ) as former
    anti join (select * from name where level = 'district') as today
        on former.key = today.key and former.oblast_kato = today.oblast_kato
),

district_by_name as (
    select
        keyed.id,
        min(district_name.district_kato) as district_kato
    from keyed
    left join oblast_by_name on keyed.id = oblast_by_name.id
    inner join district_name
        on
            keyed.district_key = district_name.key
            and coalesce(oblast_by_name.oblast_kato, district_name.oblast_kato) = district_name.oblast_kato
    group by keyed.id
    having count(distinct district_name.district_kato) = 1
),

code_read as (
    select
        keyed.id,
        place.kato,
        'kato' as step
    from keyed
    inner join ${kato} as place on keyed.kato = place.kato
    union all
    select
        keyed.id,
        former.today_kato,
        'kato_former'
    from keyed
    inner join ${former} as former on keyed.kato = former.code
    where former.today_kato is not null
    union all
    select
        keyed.id,
        case when count(distinct name.kato) = 1 then min(name.kato) else min(name.okrug_kato) end,
        'kato_former'
    from keyed
    inner join ${former} as former on keyed.kato = former.code
    inner join name
        on
            keyed.settlement_key = name.key
            and list_has_any(former.parts, [name.okrug_kato, name.district_kato, name.oblast_kato])
    where name.level = 'settlement' or (name.level = 'okrug' and name.kind = 'г.')
    group by keyed.id
    having count(distinct name.kato) = 1 or count(distinct coalesce(name.okrug_kato, name.kato)) = 1
),

-- What is known before okrug and settlement are looked up.
scope as materialized (
    select
        keyed.id,
        keyed.okrug_key,
        keyed.settlement_key,
        place.okrug_kato,
        case
            when place.level = 'settlement' or (place.level = 'okrug' and place.kind = 'г.') then place.kato
        end as settlement_kato,
        coalesce(
            case
                when place.level <> 'oblast' or place.kind = 'г.'
                    then coalesce(place.district_kato, place.oblast_kato)
            end,
            crosswalk.district_kato,
            district_by_name.district_kato
        ) as district_kato,
        case
            when keyed.district_key is null then coalesce(oblast_by_name.oblast_kato, place.oblast_kato)
        end as oblast_kato,
        case
            when place.level <> 'oblast' or place.kind = 'г.' then code_read.step
            when crosswalk.district_kato is not null then 'gbd_district+settlement'
            else 'names'
        end as step
    from keyed
    left join code_read on keyed.id = code_read.id
    left join ${kato} as place on code_read.kato = place.kato
    left join ${crosswalk} as crosswalk on keyed.gbd_district_code = crosswalk.code
    left join oblast_by_name on keyed.id = oblast_by_name.id
    left join district_by_name on keyed.id = district_by_name.id
),

okrug_named as materialized (
    select
        scope.id,
        name.kato as okrug_kato,
        name.district_kato
    from scope
    inner join name on scope.okrug_key = name.key and name.level = 'okrug' and scope.district_kato = name.district_kato
    where scope.okrug_kato is null
    union
    select
        scope.id,
        name.kato,
        name.district_kato
    from scope
    inner join name on scope.okrug_key = name.key and name.level = 'okrug' and scope.oblast_kato = name.oblast_kato
    where scope.district_kato is null
),

settlement_in_scope as (
    select
        scope.id,
        name.kato,
        name.okrug_kato,
        name.district_kato
    from scope
    inner join name
        on
            scope.settlement_key = name.key
            and scope.district_kato = name.district_kato
            and coalesce(scope.okrug_kato, name.okrug_kato, '') = coalesce(name.okrug_kato, '')
    where scope.settlement_kato is null and (name.level = 'settlement' or (name.level = 'okrug' and name.kind = 'г.'))
    union
    select
        scope.id,
        name.kato,
        name.okrug_kato,
        name.district_kato
    from scope
    inner join name on scope.settlement_key = name.key and scope.oblast_kato = name.oblast_kato
    where scope.district_kato is null and (name.level = 'settlement' or (name.level = 'okrug' and name.kind = 'г.'))
),

okrug_found as (
    select
        id,
        count(*) as okrugs,
        min(okrug_kato) as okrug_kato,
        count(distinct district_kato) as districts,
        min(district_kato) as district_kato
    from okrug_named
    group by id
),

-- Where an okrug is named, a settlement outside it does not count.
settlement_found as (
    select
        inside.id,
        count(*) as settlements,
        min(inside.kato) as settlement_kato,
        count(distinct coalesce(inside.okrug_kato, '')) as okrugs,
        min(inside.okrug_kato) as okrug_kato,
        count(distinct inside.district_kato) as districts,
        min(inside.district_kato) as district_kato
    from settlement_in_scope as inside
    left join okrug_named on inside.id = okrug_named.id and inside.okrug_kato = okrug_named.okrug_kato
    left join okrug_found on inside.id = okrug_found.id
    where okrug_found.id is null or okrug_named.id is not null
    group by inside.id
),

found as (
    select
        scope.id,
        scope.step,
        coalesce(
            scope.settlement_kato,
            case when settlement.settlements = 1 then settlement.settlement_kato end
        ) as settlement_kato,
        coalesce(
            scope.okrug_kato,
            case when settlement.okrugs = 1 then settlement.okrug_kato end,
            case when okrug.okrugs = 1 then okrug.okrug_kato end
        ) as okrug_kato,
        coalesce(
            scope.district_kato,
            case when settlement.districts = 1 then settlement.district_kato end,
            case when okrug.districts = 1 then okrug.district_kato end
        ) as district_kato,
        coalesce(settlement.settlements, 0) as settlements
    from scope
    left join settlement_found as settlement on scope.id = settlement.id
    left join okrug_found as okrug on scope.id = okrug.id
),

answer as materialized (
    select
        description.kato,
        description.gbd_district_code,
        description.oblast_name,
        description.district_name,
        description.okrug_name,
        description.settlement_name,
        found.settlement_kato,
        found.okrug_kato,
        found.district_kato,
        case
            when found.district_kato is null then 'unresolved'
            when found.okrug_kato is null and found.settlement_kato is null then 'district_only'
            when found.step = 'gbd_district+settlement' and found.settlements = 0 then 'names'
            else found.step
        end as step
    from description
    inner join found on description.id = found.id
)

select
    place._key,
    address.settlement_kato,
    address.okrug_kato,
    address.district_kato,
    'rca' as step
from ${places} as place
inner join ${address} as address on place.rca = address.rca
union all
select
    place._key,
    answer.settlement_kato,
    answer.okrug_kato,
    answer.district_kato,
    answer.step
from ${places} as place
anti join ${address} as address on place.rca = address.rca
inner join answer
    on
        place.kato is not distinct from answer.kato
        and place.gbd_district_code is not distinct from answer.gbd_district_code
        and place.oblast_name is not distinct from answer.oblast_name
        and place.district_name is not distinct from answer.district_name
        and place.okrug_name is not distinct from answer.okrug_name
        and place.settlement_name is not distinct from answer.settlement_name
