"""Places: settlement, okrug and district of what rows say: РКА, KATO, district code of ГБД ФЛ, names, address."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bench.pandas_way.clean import LEGACY, corrected, is_slip, over_distinct, place_key

PLACE = ["settlement", "okrug", "district"]
DISTRICT = r"(?:р-н ([^ ,]+)(?: г\.а\.)?|([^ ,]+) (?:р-н|район|г\.а\.)(?=[ ,])|([^ ,]+) ауданы)"
OKRUG = r"(?:^с\.о\. ?([^,]+),|^([^,]+?) (?:[сп]\.[ао]\.?|с/о|ауылдық округі?),)"
SETTLEMENT = r"^(?:.*(?:поворот на|км от) (.+)|((?:(?:[сагп]|рзд|ст)\. ?)?[^ ,.]+))"
NOTHING = pd.Series(dtype="str")


def _said(text: pd.Series, pattern: str) -> pd.Series:
    """What the first group of `pattern` that is found holds; `bfill(axis=1)` takes seconds for it."""
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
        # A name of today goes before the code: codes were given to other districts since.
        cross["district"] = place_key(cross["RU_NAME"]).map(names).fillna(by_code)
        self.crosswalk = cross.drop_duplicates("CODE").set_index("CODE")["district"]
        self.okrug_keys = self._keys(kato[okrug])
        self.settlement_keys = self._keys(self._settled)

    @staticmethod
    def _keys(kato: pd.DataFrame) -> pd.DataFrame:
        """Columns kato, district, okrug, key: a row for each spelling of a place's name."""
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
        """Columns of PLACE for each row, by the first that answers; `district` is four digits.

        Rows that say the same without a known РКА are asked for once.
        """
        given = {"said_kato": kato, "said_district": district, "said_okrug": okrug, "said_settlement": settlement}
        said = pd.DataFrame({name: s for name, s in given.items() if s is not NOTHING})
        by_rca = rca.map(self._address).reindex(said.index)
        asked = said[by_rca.isna()].drop_duplicates().reset_index(drop=True)
        found = pd.concat([asked, self._resolve(asked.reindex(columns=list(given)).astype("str"))], axis=1)
        rest = said[by_rca.isna()]
        answers = rest.merge(found, on=list(said), how="left")[PLACE].set_axis(rest.index).reindex(said.index)
        settled = pd.DataFrame({"settlement": by_rca, "okrug": by_rca.str[:6] + "000", "district": by_rca.str[:4]})
        return settled.fillna(answers)

    def _resolve(self, said: pd.DataFrame) -> pd.DataFrame:
        code = said["said_kato"].where(said["said_kato"].isin(self._codes))
        settlement = code.where(code.isin(self._settlement_codes))
        okrug = (code.str[:6] + "000").where(lambda s: s.isin(self._okrug_codes))
        district = code.str[:4].fillna(said["said_district"])
        okrug = okrug.fillna(
            self._unique(self.okrug_keys, ["district", "key"], [district, place_key(said["said_okrug"])])
        )
        key = place_key(said["said_settlement"])
        inside = self._unique(self.settlement_keys, ["okrug", "key"], [okrug, key])
        near = self._unique(self.settlement_keys, ["district", "key"], [district, key]).where(okrug.isna())
        settlement = settlement.fillna(inside).fillna(near)
        okrug = okrug.fillna((settlement.str[:6] + "000").where(lambda s: s.isin(self._okrug_codes)))
        return pd.DataFrame({"settlement": settlement, "okrug": okrug, "district": district})

    @staticmethod
    def _unique(names: pd.DataFrame, by: list[str], asked: list[pd.Series]) -> pd.Series:
        """KATO of the only place of that name within what is known; a name that stands there twice gives no answer."""
        wanted = pd.DataFrame(dict(zip(by, asked, strict=True)))
        only = names.drop_duplicates([*by, "kato"]).drop_duplicates(by, keep=False)
        answers = wanted.merge(only, on=by, how="left")["kato"].set_axis(wanted.index)
        return answers.where(wanted.notna().all(axis=1))

    def resolve_address(self, address: pd.Series, crew: pd.Series, home: pd.Series) -> pd.DataFrame:
        """Columns of PLACE for free addresses. A name that fits several places is settled by the crew's district, whose
        four digits begin its number, or by the registered home, and by neither where the two disagree.
        """
        text = corrected(address.str.translate(LEGACY)).str.lower().str.strip().str.replace(r"\s+", " ", regex=True)
        named = place_key(_said(text, DISTRICT))
        okrug = place_key(_said(text, OKRUG))
        rest = text.str.replace(rf"{DISTRICT},? *|{OKRUG} *", "", regex=True)
        rows = pd.DataFrame(
            {
                "row": range(len(text)),
                "key": place_key(_said(rest, SETTLEMENT)),
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
        """District of a name, or of the only one that begins with it: «Енбекш. р-н»."""

        def district(keys: pd.Series) -> pd.Series:
            found = [self.district_names[self.district_names.index.str.startswith(k)].unique() for k in keys]
            return pd.Series([codes[0] if len(codes) == 1 else None for codes in found], dtype="str")

        return over_distinct(key, district)

    def _nearly(self, rows: pd.DataFrame) -> pd.Series:
        """KATO by row: the only name of one slip's difference in the named district, else in that of the crew."""
        rows = rows[rows["key"].str.len() >= 4].assign(district=rows["named"].fillna(rows["crew"]))
        names = self.settlement_keys.rename(columns={"key": "name"})
        pairs = rows[["row", "key", "district"]].merge(names, on="district")
        slips = [is_slip(key, name) for key, name in zip(pairs["key"], pairs["name"], strict=True)]
        found = pairs.loc[slips, ["row", "kato"]].drop_duplicates()
        return found.drop_duplicates("row", keep=False).set_index("row")["kato"]

    @staticmethod
    def _settle(options: pd.DataFrame) -> pd.Series:
        """KATO by row: the only option that fits, else that of the crew, else that of the home."""
        alone = options[options["fits"]].drop_duplicates("row", keep=False).set_index("row")["kato"]
        at_home = options[options["home"] == options["kato"]].set_index("row")["kato"]
        of_crew = options[options["crew"] == options["district"]]
        crew = of_crew.drop_duplicates("row", keep=False).set_index("row")["kato"]
        crew = crew[at_home.reindex(crew.index).fillna(crew) == crew]
        homes = options[options["fits"] & (options["home"] == options["kato"])]
        homes = homes[~homes["row"].isin(of_crew["row"]) | (homes["crew"] == homes["district"])]
        home = homes.set_index("row")["kato"]
        return alone.combine_first(crew).combine_first(home)
