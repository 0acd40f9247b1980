-- Grain: plot of land. Key: cadastral_number. Inputs: typed (land).
-- Layout of the number: oblast 2, district 3, quarter 3, plot 3 or 4 digits; written with hyphens, colons or nothing.
select
    case
        when regexp_full_match(cadastral_number, '[0-9]{2}[-:]?[0-9]{3}[-:]?[0-9]{3}[-:]?[0-9]{3,4}')
            then regexp_replace(
                regexp_replace(cadastral_number, '[-:]', '', 'g'), '^(..)(...)(...)(.+)$', '\1-\2-\3-\4'
            )
    end as cadastral_number,
    rca,
    kato,
    homoglyphs_to_cyrillic(settlement_name) as settlement_name,
    area_ha,
    case
        when regexp_matches(lower(purpose), 'подсобн|қосалқы') then 'homestead'
        when regexp_matches(lower(purpose), 'пашня|егіс') then 'arable'
        when regexp_matches(lower(purpose), 'сенок|шабынд') then 'hayfield'
        when regexp_matches(lower(purpose), 'выпас|жаю') then 'common_pasture'
        when regexp_matches(lower(purpose), 'пастбищ|жайылым') then 'pasture'
        when regexp_matches(lower(purpose), 'запас|босалқы') then 'reserve'
    end as purpose,
    is_pasture,
    case
        when regexp_matches(lower(land_right), '^частн|^жеке') then 'private'
        when regexp_matches(lower(land_right), '^аренд|^жалға') then 'lease'
        when regexp_matches(lower(land_right), '^постоянн|^тұрақты') then 'permanent_use'
        when regexp_matches(lower(land_right), '^государств|^мемлекет') then 'state'
    end as land_right,
    holder_number,
    iin_or_bin_kind(holder_number) as holder_number_kind,
    case when bin_is_valid(holder_number) then holder_number end as holder_bin,
    person_key(holder_number) as holder_key,
    registered_on,
    returned_on,
    returned_on__text,
    reported_on,
    strftime(reported_on, '%Y-%m') as month,
    ${row_origin}
from typed
