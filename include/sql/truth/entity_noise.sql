-- Grain: kind of entity, kind of dirt and what intake owes to it. Key: kind, noise, outcome.
-- Inputs: entity_value; entity (kind, entity_key, is_clean, is_dirty); bearing (kind, entity_key, noise, outcome):
-- entities of the clean oblast with a row that bears this dirt in the dirty one.
-- found: it is there in the dirty oblast; whole: with every attribute as in the clean one, and none beside. Sums over
-- rows are left out.
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
)

select
    b.kind,
    b.noise,
    b.outcome,
    count(*) as entities,
    count(*) filter (e.is_dirty) as found,
    count(*) filter (j.is_whole) as whole,
    sum(j.attributes)::bigint as attributes,
    sum(j.right_attributes)::bigint as right_attributes
from bearing as b
inner join entity as e on b.kind = e.kind and b.entity_key = e.entity_key
inner join judged as j on b.kind = j.kind and b.entity_key = j.entity_key
group by b.kind, b.noise, b.outcome
order by b.kind, b.noise, b.outcome
