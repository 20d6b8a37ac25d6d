"""Golden vectors on public functions: GV-02, GV-03, GV-05 to GV-08 (domain.md section 8)."""

import pytest

from pipeline.models import strength

PUBLISHED = 5e-5  # the vectors are printed to four places


@pytest.mark.parametrize(
    ("rir", "phi", "f"),
    [
        (0, 1, 1),
        (0.5, 0.562705, 0.693893),
        (1, 0.316637, 0.521646),
        (2, 0.100259, 0.370181),
        (3, 0.031746, 0.322222),
        (5, 0.003183, 0.302228),
    ],
)
def test_gv_02_and_03_effort_weights(rir, phi, f):
    assert strength.proximity(rir) == pytest.approx(phi, abs=5e-7)
    assert strength.fatigue_weight(rir) == pytest.approx(f, abs=5e-7)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (strength.epley, 123.3333),
        (strength.brzycki, 120.0),
        (strength.rts_chart, 123.3046),
        (strength.opl_closed_form, 123.0912),
    ],
)
def test_gv_05_hundred_kg_seven_to_failure(formula, expected):
    assert formula(100, 7) == pytest.approx(expected, abs=PUBLISHED)


@pytest.mark.parametrize(
    ("load_kg", "n", "epley", "brzycki", "rts"),
    [(80, 9, 104.0, 102.857, 104.987), (60, 10, 80.0, 80.0, 81.191)],
)
def test_gv_06(load_kg, n, epley, brzycki, rts):
    assert strength.epley(load_kg, n) == pytest.approx(epley, abs=5e-4)
    assert strength.brzycki(load_kg, n) == pytest.approx(brzycki, abs=5e-4)
    assert strength.rts_chart(load_kg, n) == pytest.approx(rts, abs=5e-4)


def test_gv_07_one_repetition_is_the_maximum():
    assert strength.epley(140, 1) == 140
    assert strength.epley(140, 2) == pytest.approx(149.333, abs=5e-4)


def test_gv_08_dots():
    assert strength.dots(500, 80, "male") == pytest.approx(344.7732, abs=PUBLISHED)
    assert strength.dots(300, 60, "female") == pytest.approx(332.5637, abs=PUBLISHED)


def test_dots_holds_body_mass_to_the_fitted_range():
    assert strength.dots(500, 30, "male") == strength.dots(500, 40, "male")
    assert strength.dots(300, 170, "female") == strength.dots(300, 150, "female")


def test_half_steps_of_the_chart_are_the_printed_ones():
    assert strength.rts_fraction(1.5) == pytest.approx(0.978)
    assert strength.rts_fraction(10.5) == pytest.approx(0.723)
    assert strength.rts_fraction(11.5) == pytest.approx((0.707 + 0.68) / 2)


@pytest.mark.parametrize("call", [(0, 5), (100, 0.5), (100, 17)])
def test_formulas_refuse_what_they_cannot_say(call):
    with pytest.raises(ValueError, match=r"needs a load|holds for"):
        strength.rts_chart(*call)


def test_dots_refuses_an_unknown_sex_and_an_empty_total():
    with pytest.raises(ValueError, match="male"):
        strength.dots(100, 80, "other")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="above 0"):
        strength.dots(0, 80, "male")
