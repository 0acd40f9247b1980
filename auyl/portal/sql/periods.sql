-- grain: published period, newest first, in whichever edition of KATO
-- key: period
select
    period,
    revision
from serving.current_snapshot
order by period desc;
