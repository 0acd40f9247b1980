-- grain: registry that a revision was made of
-- key: registry
select
    registry,
    max(extracted_at) as extracted_at
from serving.snapshot_source
where period = %(period)s and revision = %(revision)s
group by registry;
