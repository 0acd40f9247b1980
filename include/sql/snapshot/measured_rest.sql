-- Grain: place with parts, and measure that adds up. Key: kato, level, measure. Inputs: area; measured with those of
-- every place; ${measures}, a list of quoted names.
-- What is left of a place beside its parts: the whole less its parts, so that they add up to it exactly.
select
    whole.kato,
    whole.level || '_rest' as level,
    whole.measure,
    any_value(whole.amount) - coalesce(sum(part.amount), 0) as amount
from measured as whole
left join area as inside on whole.kato = inside.within and not ends_with(inside.level, '_rest')
left join measured as part
    on inside.kato = part.kato and inside.level = part.level and whole.measure = part.measure
where whole.measure in (${measures}) and whole.level <> 'settlement'
group by whole.kato, whole.level, whole.measure
