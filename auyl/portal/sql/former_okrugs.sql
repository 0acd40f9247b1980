-- grain: okrug of a former edition that the principal may read, which no okrug of a later one goes on as; newest first
-- key: edition, kato
select
    edition,
    kato,
    period
from access.former_okrugs();
