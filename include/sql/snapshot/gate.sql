-- Grain: the snapshot, one row. Inputs: snapshot_value, coverage, okrug, catalogue.
-- The columns are those that the batch rules of expectations/snapshot.json judge.
select
    count(*) filter (where flag = 'missing') / count(*) as share_missing,
    count(*) filter (where indicator_id = 'population.residents' and coalesce(value, 0) = 0)
    / count(*) filter (where indicator_id = 'population.residents') as share_okrugs_without_residents,
    (
        select min(c.placed_pct) from coverage as c where c.registry = 'population' and c.level = 'okrug'
    ) as population_placed_pct,
    count(distinct kato) / (select count(*) from okrug) as okrugs_of_expected,
    count(distinct indicator_id) / (select count(*) from catalogue) as indicators_of_catalogue
from snapshot_value
where level = 'okrug'
