"""Which names may be one person's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.identity import folding, names_agree

AGREE = [
    ("John Smith", "J. Smith"), ("John Smith", "Jon Smith"), ("Bob Smith", "Robert Smith"), ("Anna Schmidt",
    "Anna Müller"),
    ("Smith John", "John Smith"), ("Smith, John", "John Smith"), ("Robert Hale", "Robert Hale Sr."), ("王伟",
    "王 伟"),
    ("Ann", "Ann Lee"), ("AL", "Ann Lee"), ("Ludwig van Beethoven", "Ludwig Beethoven"), ("annlee", "Ann Lee"),
    ("Anna Schmidt-Müller", "Anna Müller"), ("Maria Anna Schmidt", "Anna Schmidt"), ("Dr. Jörg Müller",
    "Joerg Mueller"),
    ("Élodie Dupont", "ELODIE DUPONT"), ("Alex Smith", "Alexander Smith"), ("Micheal Ray", "Michael Ray"),
    ("Bob Smith", "Smith Robert"), ("Smith Bill", "William Smith"), ("JP Dupont", "Jean-Pierre Dupont"),
    ("Guillaume Roy", "William Roy"), ("Pepe García", "José García"), ("John Smith PhD", "John Smith"),
    ("J. DeLuca", "Jim De Luca"), ("Bob Vandenberg", "Robert van den Berg"), ("B. Delacroix", "Béa de la Croix"),
    ("De Luca Jim", "Jim DeLuca"), ("Park Ji-sung", "Jisung Park"),
    ("Manu Blanc", "Emmanuel Blanc"), ("Lalo Ruiz", "Eduardo Ruiz"), ("Beppe Rossi", "Giuseppe Rossi"),
    ("Gosia Nowak", "Małgorzata Nowak"), ("Kees Jansen", "Cornelis Jansen"), ("Zé Silva", "José Silva"),
    ("Sasha Petrov", "Alexander Petrov"), ("Саша Петров", "Александр Петров"), ("Дима Ильин", "Дмитрий Ильин"),
    ("Jochen Meier", "Joachim Meier"), ("Dani Berg", "Daniela Berg"),
    ("Frau Prof. Dr. med. Anna Weber", "Anna Weber"), ("Dr. rer. nat. habil. Anna Weber", "A. Weber"),
    ("राम कुमार", "राम कुमार"), ("Ann\ufe0f Lee", "Ann Lee"),
    ("Robert Hale", "Robert Hale Jun."), ("João Silva Neto", "João Silva"), ("Amartya Sen", "A. Sen"),
    ("John Smith I", "John Smith"), ("João Neto", "J. Neto"), ("Kim Jun", "Kim Jun Ho"),
    ("Hale, Robert Jr.", "Robert Hale jun"),
    ("Van Dijk Jan", "Jan van Dijk"), ("Ben Smith", "Ben Jones"), ("Al Smith", "Albert Smith"),
    ("Le Anh", "Le Van Anh"),
    ("Van den Berg", "Van den Berg Jan"), ("De La Cruz Ana", "De Lacruz Ana"), ("李 明", "李明"),
    ("J. R. Roy", "J Roy"),
    ("Eva St. Clair", "E. StClair"), ("M. Jean Dupont", "Jean Dupont"), ("M. Dupont", "Marie Dupont"),
    ("M. K. Roy", "Mohan Roy"),
    ("Dr. Nat Cole", "Nathan Cole"), ("Dr. Jack Ma", "Jack Ma"), ("Prof. Dr. Weber", "Anna Weber"),
]  # fmt: skip
DISAGREE = [
    ("Mary Kusha", "Mark Kusha"), ("John Smith", "Mary Smith"), ("Bob Smith", "Robert Jones"), ("Ada Twin",
    "Ben Twin"),
    ("Robert Hale Jr.", "Robert Hale Sr."), ("Ann Lee", "Bob Ray"), ("Bob", "Ann Lee"), ("J. Smith",
    "John Brown"),
    ("Peter Lang", "Petra Lang"), ("JP Dupont", "Jean-Marie Dupont"), ("Bob Smith", "Jones Robert"),
    ("Maria Rossi", "Mario Rossi"), ("王伟", "李娜"), ("J. DeLuca", "Ann De Luca"),
    ("Paul Berg", "Paula Berg"), ("Daniel Berg", "Daniela Berg"), ("Alexander Lee", "Alexandra Lee"),
    ("Patrick Lee", "Patricia Lee"), ("Simon Roy", "Simone Roy"), ("Martin Roy", "Roy Martina"),
    ("Christian Lee", "Christina Lee"), ("Herr Dr. Hans Weber", "Frau Dr. Anna Weber"),
    ("Prof. Dr. Anna Weber", "Prof. Dr. Ben Schmidt"), ("Dipl.-Ing. Anna Weber", "Dipl.-Ing. Ben Schmidt"),
    ("Dr. med. Anna Weber", "Dr. med. Ben Schmidt"), ("Rev. Anna Weber", "Rev. Ben Schmidt"),
    ("Capt. Anna Weber", "Capt. Ben Schmidt"), ("M. Jean Dupont", "M. Paul Durand"),
    ("M. Jean Dupont", "Mme Marie Dupont"), ("Me Jean Dupont", "Me Paul Dupont"),
    ("Dr. rer. nat. Hans Weber", "Dr. rer. nat. Anna Weber"),
    ("Robert Hale Jun.", "Robert Hale Sen."), ("John Smith I", "John Smith II"), ("John Smith V", "John Smith IV"),
    ("Jean Dupont père", "Jean Dupont fils"), ("João Silva Filho", "João Silva Neto"),
    ("Hale, Robert jun.", "Hale, Robert Sr."),
("Van Dijk Jan", "Van Dam Piet"), ("Le Goff Anne", "Le Gall Paul"),
    ("Le Goff Anne", "Le Goff Paul"),
    ("Al Hassan", "Al Farsi"), ("Ben Ali Zine", "Ben Salah Omar"), ("St. Ann Lee", "St. Bob Ray"),
    ("李 明", "李 芳"), ("李明", "李芳"), ("J Smith", "J Jones"), ("J. Smith", "Jones, J."),
    ("राम कुमार", "रीमा कौर"), ("राम", "रीमा"), ("सीता देवी", "सुता देव"), ("நளன் குமார்", "நீலா கமலா"),
    ("ปิติ", "ปัตตา"),
]  # fmt: skip
CANNOT_TELL = [
    ("Иван Петров", "Ivan Petrov"),
    ("", "Ann Lee"),
    (None, None),
    ("王伟", "Wei Wang"),
    ("!!", "Ann Lee"),
]


@pytest.mark.parametrize(("one", "two"), AGREE)
def test_names_that_one_person_may_have_agree(one: Any, two: Any) -> None:
    assert names_agree(one, two).agree is True


@pytest.mark.parametrize(("one", "two"), DISAGREE)
def test_names_of_two_people_disagree_however_much_they_share(one: Any, two: Any) -> None:
    assert names_agree(one, two).agree is False


@pytest.mark.parametrize(("one", "two"), CANNOT_TELL)
def test_missing_names_and_other_scripts_never_disagree(one: Any, two: Any) -> None:
    assert names_agree(one, two).agree is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_agreement_is_symmetric_and_its_score_is_a_share(one: Any, two: Any) -> None:
    found = names_agree(one, two)
    assert found == names_agree(two, one)
    assert 0 <= found.score <= 1
    assert found.reason.endswith(".")


@given(st.text(max_size=30))
def test_a_name_never_disagrees_with_itself(name: Any) -> None:
    assert names_agree(name, name).agree is not False


WORDS = st.sampled_from(
    ["Ann", "dr", "M.", "med", "van", "Jr", "De", "PhD", "ii", "Ben", "a", "O'Neil", "Zoë", "x", " ", ","]
)


@given(st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=4).map(" ".join))
def test_a_name_of_two_plain_words_is_read_at_once_as_it_would_be_word_by_word(name: str) -> None:
    assert folding.fold_name(name) == folding._folded(name)
