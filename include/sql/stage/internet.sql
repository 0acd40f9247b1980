-- Grain: village, operator and technology. Key: kato, operator, technology_name. Inputs: typed (internet).
-- A village without a line has one row: the technology is «нет» and the speed 0.
select
    row_number,
    district_name,
    okrug_name,
    kato,
    homoglyphs_to_cyrillic(settlement_name) as settlement_name,
    operator,
    technology_name,
    case
        when regexp_matches(lower(technology_name), '^(волс|ftt|gpon|оптик|талшық)') then 'fibre'
        when regexp_matches(lower(technology_name), '^5g') then '5g'
        when regexp_matches(lower(technology_name), '^(4g|lte)') then '4g'
        when regexp_matches(lower(technology_name), '^(3g|umts|wcdma)') then '3g'
        when regexp_matches(lower(technology_name), '^(2g|gprs|edge)') then '2g'
        when regexp_matches(lower(technology_name), '^([av]dsl|xdsl)') then 'dsl'
        when regexp_matches(lower(technology_name), '^(спутник|vsat|starlink|oneweb|жерсерік)') then 'satellite'
        when regexp_matches(lower(technology_name), '^(нет|отсутств|жоқ)') then 'none'
    end as technology,
    download_mbit_s,
    upload_mbit_s,
    measured_on,
    parse_quarter(quarter_name) as quarter,
    ${row_origin}
from typed
