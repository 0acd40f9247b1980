-- Grain: okrug or district of ${source}, one edition, and what continues it in ${target}, another. Key: kato.
-- Inputs: ${source}, ${target} (see kato.sql), ${move} from the one to the other (see move.sql).
-- kind: same (code, name and district's name; settlements may have come or gone), renamed (same code), recoded, merged
-- (its ground lies in a place that others lie in too), split (in several), abolished (in none). today_kato is the place
-- that goes on as this one, for same, renamed and recoded alone: a right to one is one to the other.
-- places: all in which its ground lies. An oblast continues where code and name are the same.
with place as (
    select
        place.kato,
        place.level,
        place.name_ru,
        same.kato as same_kato,
        case
            when place.level = 'okrug' then moved.okrugs
            when place.level = 'district' and moved.district_kato is not null then [moved.district_kato]
            else []
        end as places,
        case
            when place.level = 'okrug' and moved.is_known then moved.okrug_kato
            when place.level = 'district' then moved.district_kato
        end as only_kato
    from ${source} as place
    left join ${move} as moved on place.kato = moved.kato
    left join ${source} as district on place.district_kato = district.kato
    left join ${target} as same
        on
            place.kato = same.kato
            and place.level = same.level
            and list_has_any([place.name_key_ru, place.name_key_kk], [same.name_key_ru, same.name_key_kk])
            and (
                place.level <> 'okrug'
                or exists (
                    select 1
                    from ${target} as t
                    where
                        same.district_kato = t.kato
                        and list_has_any(
                            [district.name_key_ru, district.name_key_kk], [t.name_key_ru, t.name_key_kk]
                        )
                )
            )
    where place.level in ('oblast', 'district', 'okrug')
),

counted as (
    select
        place.*,
        count(*) over (partition by place.level, coalesce(place.same_kato, place.only_kato)) as shared_by,
        -- the place that had the code before lies there still, in part at least
        coalesce(list_contains(holder.places, place.only_kato), false) as is_taken
    from place
    left join place as holder on place.only_kato = holder.kato and place.kato <> holder.kato
),

judged as (
    select
        counted.*,
        case
            when same_kato is not null then 'same'
            when only_kato is null and len(places) > 1 then 'split'
            when only_kato is null then 'abolished'
            when shared_by > 1 or is_taken then 'merged'
            when only_kato = counted.kato then 'renamed'
            else 'recoded'
        end as kind
    from counted
)

select
    kato,
    level,
    name_ru,
    kind,
    case kind when 'same' then same_kato when 'renamed' then only_kato when 'recoded' then only_kato end as today_kato,
    places
from judged
order by kato
