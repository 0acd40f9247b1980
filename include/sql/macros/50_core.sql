-- What core and indicators share: the key of a claim of place, the norms, the weights.

-- Two rows that say the same of their place get one answer. All parts are text or null.
create or replace macro claim_key(rca, kato, gbd_district_code, district_name, okrug_name, settlement_name) as
    hash(rca, kato, gbd_district_code, district_name, okrug_name, settlement_name);

-- The same of a free address: what was said, which crew went, whose call it was.
create or replace macro address_claim_key(address, crew, person) as hash(address, crew, person);

-- District of a crew whose number begins with the four digits of its district's KATO («1940-03»), an assumption; else
-- NULL.
create or replace macro crew_district(crew) as
    case when regexp_matches(crew, '^[1-9][0-9]{3}-') then left(crew, 4) || '00000' end;

-- Minutes to arrival by category of urgency: order ҚР ДСМ-225/2020 (V2000021713).
create or replace macro arrival_norm_min(category) as
    case category when 1 then 10 when 2 then 15 when 3 then 30 when 4 then 60 end;

-- amount * scale / per, rounded half away from zero to at most four decimals; NULL where `per` is zero. DuckDB divides
-- decimals as floats, in which 122.55 lies below the half: here millionths are divided as integers.
create or replace macro millionths(amount) as (amount::decimal(24, 6) * 1000000::decimal(7, 0))::hugeint;
create or replace macro rounded_quotient(amount, scale, per, decimals) as (
    (
        sign(amount)
        * (
            (2 * abs(millionths(amount) * millionths(scale) * (10 ^ decimals)::hugeint) + millionths(per) * 1000000)
            // nullif(2 * millionths(per) * 1000000, 0)
        )
        * (10 ^ (4 - decimals))::hugeint
    )::decimal(18, 0) * 0.0001::decimal(4, 4)
)::decimal(18, 4);

-- Conditional heads: customary weights, to be confirmed against order 3-3/332 of 14.04.2015 on pasture.
create or replace macro conditional_head(species) as
    case species
        when 'cattle' then 1.0 when 'horses' then 1.2 when 'camels' then 1.4
        when 'small_ruminants' then 0.2 when 'pigs' then 0.0
    end::decimal(9, 1);

-- Level of the places of a group of `grouping sets ((settlement_kato), (okrug_kato), (district_kato), ())`, by the
-- number that `grouping(settlement_kato, okrug_kato, district_kato)` gives.
create or replace macro area_level(grouped) as
    case grouped when 3 then 'settlement' when 5 then 'okrug' when 6 then 'district' when 7 then 'oblast' end;
