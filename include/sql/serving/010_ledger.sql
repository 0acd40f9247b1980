-- Views of the ledger. The files of this folder hold what may be created again at any time: views, functions, policies
-- and grants. `auyl migrate` applies all of them, in the order of their names, after the revisions of the tables
-- (auyl/store/migrations); the views are dropped before.

-- Grain: batch. Key: batch_id. Inputs: ledger.batch, delivery, look, withdrawal.
-- Which batch counts: the extract that arrived last. Arrived are also the bytes of an earlier extract that came again
-- after another one. An extract that states its own time (in its content, by its source's clock, or an operator for it)
-- does not supersede one that states a later time; a file's time stamp is no such statement. Corrected rows rank right
-- above the extract that they correct. A withdrawal counts for the delivery, under whatever rules it is loaded, and
-- for what corrects it.
-- extracted_at: from when the extract counts: the time that it states or its file has, the time of arrival if it came
-- again, never before that of an extract that it supersedes.
create or replace view ledger.batch_ranked as
with recursive decided as (
    select distinct on (b.delivery_id)
        b.delivery_id,
        w.is_withdrawn
    from ledger.withdrawal as w
    inner join ledger.batch as b on w.batch_id = b.batch_id
    order by b.delivery_id, w.withdrawal_id desc
),

again as (
    select
        delivery_id,
        max(looked_at) as arrived_at
    from ledger.look
    where outcome = 'again'
    group by delivery_id
),

accepted as (
    select
        d.*,
        coalesce(w.is_withdrawn, false) as is_withdrawn
    from ledger.delivery as d
    left join decided as w on d.delivery_id = w.delivery_id
    where exists (select 1 from ledger.batch as b where b.delivery_id = d.delivery_id)
),

correction as (
    select
        delivery_id,
        delivery_id as root_id,
        is_withdrawn
    from accepted
    where corrects_batch_id is null
    union all
    select
        a.delivery_id,
        c.root_id,
        c.is_withdrawn or a.is_withdrawn as is_withdrawn
    from correction as c
    inner join ledger.batch as b on c.delivery_id = b.delivery_id
    inner join accepted as a on b.batch_id = a.corrects_batch_id
),

root as (
    select
        a.registry,
        a.period,
        a.delivery_id as root_id,
        a.extracted_at,
        coalesce(g.arrived_at, a.arrived_at) as arrived_at,
        g.arrived_at is not null as is_again,
        case when a.is_time_stated then a.extracted_at end as stated_at
    from accepted as a
    left join again as g on a.delivery_id = g.delivery_id
    where a.corrects_batch_id is null and not a.is_withdrawn
),

-- What states no time, or came again, stands above all that arrived before it.
turn as (
    select
        root_id,
        arrived_at,
        case when is_again then arrived_at else extracted_at end as extracted_at,
        case
            when stated_at is not null and not is_again then stated_at
            else greatest(stated_at, max(case when not is_again then stated_at end) over (
                partition by registry, period order by arrived_at, root_id
            ))
        end as stated_at
    from root
),

ranked as (
    select
        b.batch_id,
        b.delivery_id,
        c.root_id,
        d.registry,
        d.period,
        d.digest,
        d.is_whole,
        c.is_withdrawn,
        max(coalesce(t.extracted_at, d.extracted_at)) over (
            partition by d.registry, d.period, c.is_withdrawn
            order by
                t.stated_at nulls first, t.arrived_at, c.root_id, d.arrived_at, d.delivery_id, b.batch_id
        ) as extracted_at,
        row_number() over (
            partition by d.registry, d.period, c.is_withdrawn
            order by
                t.stated_at desc nulls last, t.arrived_at desc, c.root_id desc, d.arrived_at desc, d.delivery_id desc,
                b.batch_id desc
        ) as turn_rank,
        row_number() over (partition by d.delivery_id order by b.batch_id desc) as rank_in_delivery,
        exists(
            select 1
            from ledger.batch as base
            inner join accepted as a on base.batch_id = a.corrects_batch_id
            inner join correction as f on a.delivery_id = f.delivery_id
            where base.delivery_id = b.delivery_id and not f.is_withdrawn
        ) as is_corrected
    from ledger.batch as b
    inner join accepted as d on b.delivery_id = d.delivery_id
    inner join correction as c on d.delivery_id = c.delivery_id
    left join turn as t on c.root_id = t.root_id
),

-- Of a registry that sends changes, a whole reading of the period takes the place of all that ranks below it.
counted as (
    select
        r.*,
        min(case when r.is_whole then r.turn_rank end) over (
            partition by r.registry, r.period, r.is_withdrawn
        ) as whole_rank
    from ranked as r
)

select
    b.*,
    c.registry,
    c.period,
    c.extracted_at,
    c.digest,
    case when not c.is_withdrawn then c.turn_rank end as current_rank,
    c.rank_in_delivery,
    c.is_corrected,
    c.is_withdrawn,
    c.root_id,
    c.rank_in_delivery = 1
    and not c.is_corrected
    and not c.is_withdrawn
    and c.turn_rank <= coalesce(c.whole_rank, c.turn_rank) as counts_as_change
from ledger.batch as b
inner join counted as c on b.batch_id = c.batch_id;
