-- grain: published period in which an okrug of a former edition existed, newest first
-- key: period
-- inputs: serving.okrug_of_month, serving.current_snapshot
select
    f.period,
    f.revision
from serving.okrug_of_month as o
inner join serving.current_snapshot as f on o.period = f.period
where o.edition = %(edition)s and o.kato = %(kato)s and o.kato_then is not null
order by f.period desc;
