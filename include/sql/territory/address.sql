-- Grain: address of the address register whose place is in this edition. Key: rca. Inputs: ${source} (rca, kato, all
-- text), ${kato}.
-- The okrug and district are written out here, so that the resolver reads one table for a row with РКА.
-- An address that the register puts in two places is left out.
select
    source.rca,
    place.kato,
    case when place.level = 'settlement' or place.is_main_settlement then place.kato end as settlement_kato,
    place.okrug_kato,
    coalesce(place.district_kato, place.oblast_kato) as district_kato
from (
    select
        trim(rca) as rca,
        min(clean_code(kato)) as kato
    from ${source}
    group by all
    having count(distinct clean_code(kato)) = 1
) as source
inner join ${kato} as place on source.kato = place.kato
where rca_is_wellformed(source.rca) and place.level in ('okrug', 'settlement')
order by source.rca
