-- grain: okrug of the given codes, in the given edition, or the current one
-- key: kato
-- inputs: serving.territory
select
    okrug.edition,
    okrug.kato,
    okrug.is_rural_akimat,
    okrug.name_kk,
    okrug.name_ru,
    okrug.district_kato,
    district.name_kk as district_kk,
    district.name_ru as district_ru,
    oblast.name_kk as oblast_kk,
    oblast.name_ru as oblast_ru
from serving.territory as okrug
left join serving.territory as district
    on okrug.district_kato = district.kato and okrug.edition = district.edition
left join serving.territory as oblast
    on okrug.oblast_kato = oblast.kato and okrug.edition = oblast.edition
where
    okrug.edition = coalesce(%(edition)s, access.current_edition())
    and okrug.level = 'okrug'
    and okrug.kato = any(%(katos)s)
order by oblast.kato, district.kato, okrug.name_ru;
