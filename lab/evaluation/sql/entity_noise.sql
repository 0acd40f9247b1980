-- Grain: kind of entity, kind of dirt and what intake must do with it. Key: kind, noise, outcome.
-- Inputs: entity_value; entity (kind, entity_key, is_clean, is_dirty); bearing (kind, entity_key, noise, outcome):
-- entities of the clean oblast with a row that has this dirt in the dirty one.
-- alone: entities without any other dirt; only these are judged, so that no kind of dirt is blamed for another. found:
-- the dirty oblast has the entity; whole: with exactly the attributes of the clean one. Sums over rows are left out.
with judged as (
    select
        kind,
        entity_key,
        count(*) filter (outcome <> 'added') as attributes,
        count(*) filter (outcome = 'right') as right_attributes,
        bool_and(outcome = 'right') as is_whole
    from entity_value
    where not is_sum
    group by kind, entity_key
),

counted as (
    select
        *,
        count(*) over (partition by kind, entity_key) = 1 as is_alone
    from bearing
)

select
    b.kind,
    b.noise,
    b.outcome,
    count(*) as entities,
    count(*) filter (b.is_alone) as alone,
    count(*) filter (b.is_alone and e.is_dirty) as found,
    count(*) filter (b.is_alone and j.is_whole) as whole,
    coalesce(sum(j.attributes) filter (b.is_alone), 0)::bigint as attributes,
    coalesce(sum(j.right_attributes) filter (b.is_alone), 0)::bigint as right_attributes
from counted as b
inner join entity as e on b.kind = e.kind and b.entity_key = e.entity_key
inner join judged as j on b.kind = j.kind and b.entity_key = j.entity_key
group by b.kind, b.noise, b.outcome
order by b.kind, b.noise, b.outcome
