"""Serbian in Cyrillic letters: pairs, capitals, and what is left as it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.texts import check
from core.texts.script import _KEPT, to_cyrillic


@pytest.mark.parametrize(
    ("latin", "cyrillic"),
    [
        ("Streha", "Стреха"),
        ("ljubav, njihov, džep", "љубав, њихов, џеп"),
        ("Ljiljana NJEGOŠ Džep LJUDI", "Љиљана ЊЕГОШ Џеп ЉУДИ"),
        ("čćžšđ ČĆŽŠĐ", "чћжшђ ЧЋЖШЂ"),
        ("injekcija, konjunktura, nadživeti", "инјекција, конјунктура, надживети"),
        ("Injekcija", "Инјекција"),
        ("uzbuna, dežurna služba", "узбуна, дежурна служба"),
        ("Vežba je gotova.", "Вежба је готова."),
        ("U opasnosti pozovite {police}.", "У опасности позовите {police}."),
        ("{codename}: napišite: primam {codename}", "{codename}: напишите: примам {codename}"),
        ("Pokrenite: streha agency desk --always", "Покрените: streha agency desk --always"),
        ("  streha case list            vaši slučajevi", "  streha case list            ваши случајеви"),
        ('  streha person add "Ana" --key-file ana.key\nDalje', '  streha person add "Ana" --key-file ana.key\nДаље'),
        ("Podesite STREHA_HOMESERVER_URL.", "Подесите STREHA_HOMESERVER_URL."),
        ("Podešeni su {name} i {name}_FILE.", "Подешени су {name} и {name}_FILE."),
        ("Adresa je https://streha.example.", "Адреса је https://streha.example."),
        ("izgleda kao @name:server, malim", "изгледа као @name:server, малим"),
        ("Matrix klijent, JSON, Ctrl-C", "Matrix клијент, JSON, Ctrl-C"),
        ("Poznati su en, sr-Latn i sr-Cyrl.", "Познати су en, sr-Latn и sr-Cyrl."),
        ("traje 12h, 1d ili 1w", "траје 12h, 1d или 1w"),
        ('na primer "mon-fri 08:00-20:00", voice (poziv)', 'на пример "mon-fri 08:00-20:00", voice (позив)'),
        ("na primer Z za UTC", "на пример Z за UTC"),
        ("Već ћирилица", "Већ ћирилица"),
        ("", ""),
    ],
)
def test_letters(latin: str, cyrillic: str) -> None:
    assert to_cyrillic(latin) == cyrillic


def test_no_latin_letter_is_left_over_in_the_catalogue() -> None:
    for message in check.catalogue("sr-Latn"):
        if message.id:
            rest = _KEPT.sub("", str(message.string))
            assert not re.search(r"[a-zčćžšđ]", to_cyrillic(rest), re.IGNORECASE), message.string
            assert not re.search(r"[qwxy]", rest, re.IGNORECASE), message.string


words = st.text("abvgdđežzijklmnoprstćufhcčš {}ABC", max_size=40)


@given(words)
def test_parameters_stay_and_lines_keep_their_shape(text: str) -> None:
    turned = to_cyrillic(f"{{person}}\n{text}\n{{time}}")
    assert turned.startswith("{person}\n")
    assert turned.endswith("\n{time}")
    assert len(turned) <= len(text) + len("{person}\n\n{time}")
