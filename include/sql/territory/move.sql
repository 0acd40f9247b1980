-- Grain: place of ${source}, one edition, and where its ground lies in ${target}, another. Key: kato.
-- Inputs: ${source}, ${target} (as kato.sql), ${told} (code, successor_kato, is_told, name_key): what is told of codes
-- of the one as codes of the other; is_told where it is told of that edition itself, else by a dictionary of districts.
-- A place is followed by what its edition is told of it; else it is the one of its code and name, or, where its
-- district has another code, the one with its last five digits and its name, or the name that was told.
-- A settlement, and a city on the level of okrugs, goes by itself; an okrug or a district where all its settlements go.
-- is_told: it lies in one okrug, or by its settlement in none. okrugs: all that it lies in, so that what is known by a
-- divided okrug only may belong to each; settlements: those that a settlement is. settlement_kato, okrug_kato,
-- district_kato are NULL where they are not one.
with successor as (
    select
        place.kato,
        told.successor_kato
    from ${source} as place
    inner join ${told} as told on place.kato = told.code and told.is_told
    union
    select
        place.kato,
        same.kato as successor_kato
    from ${source} as place
    inner join ${target} as same on place.kato = same.kato and place.level = same.level
    anti join ${told} as told on place.kato = told.code and told.is_told
    where list_has_any([place.name_key_ru, place.name_key_kk], [same.name_key_ru, same.name_key_kk])
    union
    select
        place.kato,
        recoded.kato as successor_kato
    from ${source} as place
    inner join ${told} as district on left(place.kato, 4) || '00000' = district.code and place.level <> 'oblast'
    inner join ${target} as recoded
        on left(district.successor_kato, 4) || right(place.kato, 5) = recoded.kato and place.level = recoded.level
    anti join ${told} as told on place.kato = told.code and told.is_told
    where
        list_has_any([place.name_key_ru, place.name_key_kk], [recoded.name_key_ru, recoded.name_key_kk])
        or (
            place.level <> 'settlement'
            and district.name_key in (place.name_key_ru, place.name_key_kk, recoded.name_key_ru, recoded.name_key_kk)
        )
),

placed as (
    select
        place.kato,
        place.level = 'settlement' or (place.level = 'okrug' and coalesce(place.kind = 'г.', false)) as is_settlement,
        place.okrug_kato as okrug_from,
        place.district_kato as district_from,
        case
            when today.level = 'settlement' or (today.level in ('okrug', 'oblast') and today.kind = 'г.')
                then today.kato
        end as settlement_kato,
        case when today.kato is null then '?' else coalesce(today.okrug_kato, '') end as okrug_kato,
        coalesce(today.district_kato, today.oblast_kato) as district_kato
    from ${source} as place
    inner join successor on place.kato = successor.kato
    left join ${target} as today on successor.successor_kato = today.kato
    where place.level <> 'oblast' and successor.successor_kato is not null
),

-- okrug_kato is '' outside any okrug, '?' where a successor is told that the other edition does not have.
ground as (
    select
        kato,
        settlement_kato,
        okrug_kato,
        district_kato
    from placed
    where is_settlement
    union
    select
        okrug_from,
        null,
        okrug_kato,
        district_kato
    from placed
    where okrug_from is not null and okrug_from not in (select p.kato from placed as p where p.is_settlement)
    union
    select
        district_from,
        null,
        okrug_kato,
        district_kato
    from placed
    where district_from is not null
)

select
    place.kato,
    place.level,
    place.okrug_kato as okrug_from,
    place.oblast_kato as oblast_from,
    case when count(distinct ground.settlement_kato) = 1 then min(ground.settlement_kato) end as settlement_kato,
    case
        when count(distinct ground.okrug_kato) = 1 and min(ground.okrug_kato) not in ('', '?')
            then min(ground.okrug_kato)
    end as okrug_kato,
    case when count(distinct ground.district_kato) = 1 then min(ground.district_kato) end as district_kato,
    count(distinct ground.okrug_kato) = 1 and min(ground.okrug_kato) <> '?' as is_told,
    coalesce(list(distinct ground.okrug_kato) filter (where ground.okrug_kato not in ('', '?')), []) as okrugs,
    coalesce(list(distinct ground.settlement_kato) filter (where ground.settlement_kato is not null), []) as settlements
from ${source} as place
left join ground on place.kato = ground.kato
group by all
order by place.kato
