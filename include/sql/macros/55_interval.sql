-- Intervals of 95 %: what the rate behind a number may be, when chance is part of it. `side` is -1 for the lower limit,
-- 1 for the upper one.

-- Two-sided 95 % of the normal distribution.
create or replace macro z95() as 1.959963984540054;

-- Wilson (1927): limits of a share, x of n. They stay within 0 and 1, and a share of zero has an upper limit.
create or replace macro wilson_limit(x, n, side) as (
    case
        when n > 0 then greatest(0, least(1,
            (x + z95() ^ 2 / 2 + side * z95() * sqrt(greatest(x * (n - x) / n, 0) + z95() ^ 2 / 4)) / (n + z95() ^ 2)
        ))
    end
);

-- Limits of a count of events. Exact below ten (half of the chi-squared quantile with 2x degrees of freedom, 2x + 2 for
-- the upper one), Byar's approximation from ten on, as Fingertips of Public Health England computes them.
create or replace macro poisson_limit(x, side) as (
    case
        when x < 0 then null
        when x < 10 and side < 0
            then [0, 0.0253, 0.2422, 0.6187, 1.0899, 1.6235, 2.2019, 2.8144, 3.4538, 4.1154][x::integer + 1]
        when x < 10
            then [3.6889, 5.5716, 7.2247, 8.7673, 10.2416, 11.6683, 13.0595, 14.4227, 15.7632, 17.0848][x::integer + 1]
        when side < 0 then x * (1 - 1 / (9 * x) - z95() / (3 * sqrt(x))) ^ 3
        else (x + 1) * (1 - 1 / (9 * (x + 1)) + z95() / (3 * sqrt(x + 1))) ^ 3
    end
);

-- Limits of a median by the order of its sorted values, as Campbell and Gardner (1988) count them off: the number of
-- values below the median is binomial. Fewer than six values have none.
create or replace macro median_limit(ordered, side) as (
    case
        when len(ordered) < 6 then null
        when side < 0 then ordered[greatest(1, round((len(ordered) - z95() * sqrt(len(ordered))) / 2)::integer)]
        else
            ordered[
                least(len(ordered), round(1 + (len(ordered) + z95() * sqrt(len(ordered))) / 2)::integer)
            ]
    end
);
