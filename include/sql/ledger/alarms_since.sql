-- Grain: alarm raised after :since, oldest first. Key: alarm_id. Inputs: ledger.alarm, ledger.alarm_sending.
-- failed: channels that did not take it in the end, each with its last reason.
with last_try as (
    select distinct on (alarm_id, channel)
        alarm_id,
        channel,
        outcome,
        detail
    from ledger.alarm_sending
    where channel is not null
    order by alarm_id asc, channel asc, sending_id desc
)

select
    a.kind,
    a.subject,
    a.day,
    a.text,
    a.link,
    a.raised_at,
    (
        select string_agg(t.channel || ': ' || t.detail, '; ' order by t.channel)
        from last_try as t
        where t.alarm_id = a.alarm_id and t.outcome = 'failed'
    ) as failed
from ledger.alarm as a
where a.raised_at > :since or cast(:since as timestamptz) is null
order by a.alarm_id
