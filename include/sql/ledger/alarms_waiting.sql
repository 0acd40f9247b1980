-- Grain: alarm of the last day that some of :channels has not taken, and that no process is sending; oldest first.
-- Key: alarm_id. Inputs: ledger.alarm, ledger.alarm_sending.
with sending as (
    select
        alarm_id,
        coalesce(array_agg(distinct channel) filter (where outcome = 'sent'), '{}') as taken_by,
        max(at) filter (where outcome = 'claimed') as claimed_at
    from ledger.alarm_sending
    group by alarm_id
)

select
    a.alarm_id,
    a.kind,
    a.subject,
    a.text,
    a.link,
    a.raised_at,
    coalesce(s.taken_by, '{}') as taken_by,
    s.claimed_at is null as is_new
from ledger.alarm as a
left join sending as s on a.alarm_id = s.alarm_id
where
    a.raised_at > clock_timestamp() - interval '1 day'
    and not coalesce(s.taken_by, '{}') @> cast(:channels as text[])
    and (s.claimed_at is null or s.claimed_at < clock_timestamp() - interval '1 minute')
order by a.alarm_id
