"""The currencies that people pay with. Pure.

Source: ISO 4217, list one, as of 1 January 2026, published by SIX Group, its maintenance agency
(https://www.six-group.com/en/products-services/financial-information/market-reference-data/data-standards.html). Left out are
the codes of funds and units of account (CLF, XDR), of metals (XAU), for tests and for none (XTS, XXX), and of
currencies that were withdrawn (HRK, BGN).
"""

from typing import Final

IN_USE: Final = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC
    CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR
    ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK
    MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE
    SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF
    XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905
)


def refusal(code: str) -> str:
    """Say why nobody pays in ``code``, which is upper case, and what to write; empty where people do."""
    if code in IN_USE:
        return ""
    return f"“{code[:10]}” is no currency in use: write its three letters, as in EUR."
