"""Places: settlement, okrug and district from РКА, KATO, the district code of ГБД ФЛ, names or an address."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bench.pandas_way.clean import LEGACY, corrected, is_typo, over_distinct, place_key

PLACE = ["settlement", "okrug", "district"]
DISTRICT = r"(?:р-н ([^ ,]+)(?: г\.а\.)?|([^ ,]+) (?:р-н|район|г\.а\.)(?=[ ,])|([^ ,]+) ауданы)"
OKRUG = r"(?:^с\.о\. ?([^,]+),|^([^,]+?) (?:[сп]\.[ао]\.?|с/о|ауылдық округі?),)"
SETTLEMENT = r"^(?:.*(?:поворот на|км от) (.+)|((?:(?:[сагп]|рзд|ст)\. ?)?[^ ,.]+))"
NOTHING = pd.Series(dtype="str")


def _first_group(text: pd.Series, pattern: str) -> pd.Series:
    """The first group of `pattern` that matches. `bfill(axis=1)` would take seconds."""
    groups = text.str.extract(pattern)
    found = groups[0]
    for column in groups.columns[1:]:
        found = found.fillna(groups[column])
    return found


class Territory:
    """The classifier of one oblast. KATO codes: okrug is the first six digits, district the first four."""

    def __init__(self, reference: Path) -> None:
        kato = pd.read_csv(reference / "kato.csv", dtype=str)
        kato["district"] = kato["kato"].str[:4]
        okrug = kato["level"] == "sub_district"
        rural = okrug & kato["name_ru"].str.contains(r"с\.о|с\.а\.|п\.а\.", regex=True)
        self.table = kato
        self.okrugs = kato.loc[rural, "kato"]
        self._settled = kato[(kato["level"] == "settlement") | (okrug & kato["name_ru"].str.startswith("г."))]
        self._codes = set(kato["kato"])
        self._settlement_codes = set(self._settled["kato"])
        self._okrug_codes = set(kato.loc[okrug, "kato"])
        address = pd.read_csv(reference / "address.csv", dtype=str).drop_duplicates("rca")
        self._address = address.set_index("rca")["kato"]
        names = self._keys(kato[kato["level"] == "district"]).drop_duplicates("key").set_index("key")["district"]
        self.district_names = names
        cross = pd.read_csv(reference / "crosswalk.csv", dtype=str)
        known = set(kato.loc[kato["level"] == "district", "district"])
        by_code = cross["KATO"].str[:4].where(cross["KATO"].str[:4].isin(known))
        # A current name takes precedence over the code: codes have been reused for other districts.
        cross["district"] = place_key(cross["RU_NAME"]).map(names).fillna(by_code)
        self.crosswalk = cross.drop_duplicates("CODE").set_index("CODE")["district"]
        self.okrug_keys = self._keys(kato[okrug])
        self.settlement_keys = self._keys(self._settled)

    @staticmethod
    def _keys(kato: pd.DataFrame) -> pd.DataFrame:
        """Columns kato, district, okrug, key: one row per spelling of a place's name."""
        both = [
            kato[["kato", "district"]].assign(key=place_key(kato[name]).to_numpy()) for name in ("name_ru", "name_kk")
        ]
        keys = pd.concat(both, ignore_index=True).drop_duplicates()
        return keys.assign(okrug=keys["kato"].str[:6] + "000")

    def resolve(
        self,
        rca: pd.Series = NOTHING,
        kato: pd.Series = NOTHING,
        district: pd.Series = NOTHING,
        okrug: pd.Series = NOTHING,
        settlement: pd.Series = NOTHING,
    ) -> pd.DataFrame:
        """Columns of PLACE for each row, from the first input that determines them; `district` is four digits.

        Equal rows without a known РКА are resolved once.
        """
        given = {
            "stated_kato": kato,
            "stated_district": district,
            "stated_okrug": okrug,
            "stated_settlement": settlement,
        }
        stated = pd.DataFrame({name: s for name, s in given.items() if s is not NOTHING})
        by_rca = rca.map(self._address).reindex(stated.index)
        distinct = stated[by_rca.isna()].drop_duplicates().reset_index(drop=True)
        found = pd.concat([distinct, self._resolve(distinct.reindex(columns=list(given)).astype("str"))], axis=1)
        rest = stated[by_rca.isna()]
        answers = rest.merge(found, on=list(stated), how="left")[PLACE].set_axis(rest.index).reindex(stated.index)
        settled = pd.DataFrame({"settlement": by_rca, "okrug": by_rca.str[:6] + "000", "district": by_rca.str[:4]})
        return settled.fillna(answers)

    def _resolve(self, stated: pd.DataFrame) -> pd.DataFrame:
        code = stated["stated_kato"].where(stated["stated_kato"].isin(self._codes))
        settlement = code.where(code.isin(self._settlement_codes))
        okrug = (code.str[:6] + "000").where(lambda s: s.isin(self._okrug_codes))
        district = code.str[:4].fillna(stated["stated_district"])
        okrug = okrug.fillna(
            self._unique(self.okrug_keys, ["district", "key"], [district, place_key(stated["stated_okrug"])])
        )
        key = place_key(stated["stated_settlement"])
        inside = self._unique(self.settlement_keys, ["okrug", "key"], [okrug, key])
        near = self._unique(self.settlement_keys, ["district", "key"], [district, key]).where(okrug.isna())
        settlement = settlement.fillna(inside).fillna(near)
        okrug = okrug.fillna((settlement.str[:6] + "000").where(lambda s: s.isin(self._okrug_codes)))
        return pd.DataFrame({"settlement": settlement, "okrug": okrug, "district": district})

    @staticmethod
    def _unique(names: pd.DataFrame, by: list[str], distinct: list[pd.Series]) -> pd.Series:
        """KATO of the only place with that name in the known okrug or district; an ambiguous name gives none."""
        wanted = pd.DataFrame(dict(zip(by, distinct, strict=True)))
        only = names.drop_duplicates([*by, "kato"]).drop_duplicates(by, keep=False)
        answers = wanted.merge(only, on=by, how="left")["kato"].set_axis(wanted.index)
        return answers.where(wanted.notna().all(axis=1))

    def resolve_address(self, address: pd.Series, crew: pd.Series, home: pd.Series) -> pd.DataFrame:
        """Columns of PLACE for free addresses.

        A name of several places is resolved by the crew's district, whose four digits begin its number, or by the
        registered home, and stays unresolved where the two disagree.
        """
        text = corrected(address.str.translate(LEGACY)).str.lower().str.strip().str.replace(r"\s+", " ", regex=True)
        named = place_key(_first_group(text, DISTRICT))
        okrug = place_key(_first_group(text, OKRUG))
        rest = text.str.replace(rf"{DISTRICT},? *|{OKRUG} *", "", regex=True)
        rows = pd.DataFrame(
            {
                "row": range(len(text)),
                "key": place_key(_first_group(rest, SETTLEMENT)),
                "named": self._beginning(named).where(named.notna()),
                "okrug_key": okrug,
                "crew": crew.str[:4],
                "home": home,
            }
        )
        okrugs = rows.merge(self.okrug_keys.rename(columns={"key": "okrug_key"}), on="okrug_key")
        okrugs = okrugs[okrugs["named"].isna() | (okrugs["named"] == okrugs["district"])][
            ["row", "okrug"]
        ].drop_duplicates()
        options = rows.dropna(subset="key").merge(self.settlement_keys.drop_duplicates(["kato", "key"]), on="key")
        options = options.merge(okrugs.assign(in_okrug=True), on=["row", "okrug"], how="left")
        fits = options["named"].isna() | (options["named"] == options["district"])
        options["fits"] = fits & (options["in_okrug"].notna() | ~options["row"].isin(okrugs["row"]))
        options = options[options["fits"] | ~options["row"].isin(options.loc[options["fits"], "row"])]
        only_okrug = okrugs.drop_duplicates("row", keep=False).set_index("row")["okrug"]
        settled = pd.concat([self._settle(options), self._nearly(rows[~rows["row"].isin(options["row"])])])
        found = pd.DataFrame({"settlement": rows["row"].map(settled)})
        found["okrug"] = (found["settlement"].str[:6] + "000").fillna(rows["row"].map(only_okrug))
        found["district"] = found["okrug"].str[:4].fillna(rows["named"])
        return found.astype("str").set_axis(address.index)

    def _beginning(self, key: pd.Series) -> pd.Series:
        """District of a name, or of the only name that begins with it: «Енбекш. р-н»."""

        def district(keys: pd.Series) -> pd.Series:
            found = [self.district_names[self.district_names.index.str.startswith(k)].unique() for k in keys]
            return pd.Series([codes[0] if len(codes) == 1 else None for codes in found], dtype="str")

        return over_distinct(key, district)

    def _nearly(self, rows: pd.DataFrame) -> pd.Series:
        """KATO by row: the only name with one typo in the named district, else in that of the crew."""
        rows = rows[rows["key"].str.len() >= 4].assign(district=rows["named"].fillna(rows["crew"]))
        names = self.settlement_keys.rename(columns={"key": "name"})
        pairs = rows[["row", "key", "district"]].merge(names, on="district")
        is_typo_of = [is_typo(key, name) for key, name in zip(pairs["key"], pairs["name"], strict=True)]
        found = pairs.loc[is_typo_of, ["row", "kato"]].drop_duplicates()
        return found.drop_duplicates("row", keep=False).set_index("row")["kato"]

    @staticmethod
    def _settle(options: pd.DataFrame) -> pd.Series:
        """KATO by row: the only option, else that of the crew, else that of the home."""
        alone = options[options["fits"]].drop_duplicates("row", keep=False).set_index("row")["kato"]
        at_home = options[options["home"] == options["kato"]].set_index("row")["kato"]
        of_crew = options[options["crew"] == options["district"]]
        crew = of_crew.drop_duplicates("row", keep=False).set_index("row")["kato"]
        crew = crew[at_home.reindex(crew.index).fillna(crew) == crew]
        homes = options[options["fits"] & (options["home"] == options["kato"])]
        homes = homes[~homes["row"].isin(of_crew["row"]) | (homes["crew"] == homes["district"])]
        home = homes.set_index("row")["kato"]
        return alone.combine_first(crew).combine_first(home)
