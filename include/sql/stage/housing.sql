-- Grain: settlement and month. Key: kato. Inputs: typed (housing).
select
    kato,
    district_name,
    okrug_name,
    homoglyphs_to_cyrillic(settlement_name) as settlement_name,
    houses_planned,
    houses_built,
    houses_handed_over,
    families_moved,
    persons_moved,
    persons_employed,
    roads_km,
    roads_km__text,
    roads_good_km,
    roads_fair_km,
    roads_bad_km,
    case
        when regexp_matches(lower(water), 'централиз|орталық') then 'central'
        when regexp_matches(lower(water), 'колод|скважин|құдық|ұңғыма') then 'wells'
        when regexp_matches(lower(water), 'привоз|тасымал') then 'delivered'
    end as water,
    school as has_school,
    case
        when regexp_matches(lower(clinic), 'амбулатор|поликлин|больниц|емхана|аурухана') then 'clinic'
        when regexp_matches(lower(clinic), 'медпункт|медицинский пункт|фап') then 'medical_post'
        when lower(clinic) in ('нет', 'жоқ') then 'none'
    end as clinic,
    kindergarten as has_kindergarten,
    gas as has_gas,
    parse_month(month) as month,
    ${row_origin}
from typed
