-- Grain: place that is measured, and what is left of it beside its parts. Key: kato, level. Inputs: okrug, territory;
-- ${oblast}, a quoted code.
-- okrug_rest: rows known by their okrug only. district_rest: towns of the district, and rows known by the district.
-- oblast_rest: rows whose district is not known, or that is none of the classifier's.
with place as (
    select
        t.kato,
        'settlement' as level,
        t.district_kato,
        o.kato as within
    from territory as t
    inner join okrug as o on t.okrug_kato = o.kato
    where t.level = 'settlement'
    union all
    select
        kato,
        'okrug' as level,
        district_kato,
        district_kato as within
    from okrug
    union all
    select
        kato,
        'district' as level,
        kato as district_kato,
        ${oblast} as within
    from territory
    where level = 'district' and oblast_kato = ${oblast}
    union all
    select
        ${oblast} as kato,
        'oblast' as level,
        null as district_kato,
        null as within
)

from place
union all
select
    kato,
    level || '_rest' as level,
    district_kato,
    kato as within
from place
where level <> 'settlement'
