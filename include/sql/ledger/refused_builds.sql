-- Grain: build that the gate refused after :since, oldest first. Key: build_id. Input: ledger.build.
select
    period,
    built_at,
    details
from ledger.build
where outcome = 'refused' and (built_at > :since or cast(:since as timestamptz) is null)
order by build_id
