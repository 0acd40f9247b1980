-- Grain: site as one source says it. Key: site_id, source_name. Inputs: typed (waste_sites).
select
    site_id,
    source_name,
    case
        when regexp_matches(lower(source_name), '^(акимат|әкімдік|akimat|official)') then 'akimat'
        when regexp_matches(lower(source_name), '^(космос|ғарыш|space)') then 'space'
    end as source,
    kind_name,
    case
        when regexp_matches(lower(kind_name), '^(полигон|landfill)') then 'landfill'
        when regexp_matches(lower(kind_name), '^(свалка|стихийн|dump|қоқыс)') then 'dump'
    end as kind,
    site_name,
    status_name,
    case
        when regexp_matches(lower(status_name), '^(действ|существ|выявлен|open|бар)') then 'open'
        when regexp_matches(lower(status_name), '^(закрыт|рекультив|closed|жабық)') then 'closed'
        when regexp_matches(lower(status_name), '^(ликвид|убран|не наблюд|removed|жойыл)') then 'removed'
    end as status,
    area_ha,
    found_on,
    removed_on,
    removed_on__text,
    checked_on,
    space_id,
    district_name,
    kato,
    homoglyphs_to_cyrillic(settlement_name) as settlement_name,
    lon,
    lat,
    ${row_origin}
from typed
