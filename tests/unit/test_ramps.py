"""Ramps are told apart by readers who see colours differently, and in black and white."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from layers.analysis import ramps

# Machado, Oliveira & Fernandes (2009), IEEE TVCG 15(6), table 1, severity 1.0; linear RGB.
SIGHT = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# IEC 61966-2-1 (sRGB) to XYZ, white point D65
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ @ np.ones(3)
#: About 2.3 is just noticeable side by side; a map needs several times that. Five classes are
#: the default; six and seven are nearer to each other by nature.
APART = 7.0
APART_AT = {3: APART, 4: APART, 5: APART, 6: 5.0, 7: 4.0}


def seen(colour: str, sight: np.ndarray) -> np.ndarray:
    """CIELAB of a colour as one reader sees it."""
    rgb = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(sight @ linear, 0, 1) / WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("ramp", ramps.SEQUENTIAL)
def test_neighbouring_classes_are_told_apart(ramp, sight):
    for classes, apart in APART_AT.items():
        colours = [seen(colour, SIGHT[sight]) for colour in ramps.sequential(ramp, classes)]
        for one, next_one in pairwise(colours):
            assert np.linalg.norm(one - next_one) > apart, (ramp, classes, sight)


@pytest.mark.parametrize("ramp", ramps.SEQUENTIAL)
def test_more_is_darker_so_that_grey_prints_can_be_read(ramp):
    for classes in range(1, 8):
        light = [seen(colour, SIGHT["usual"])[0] for colour in ramps.sequential(ramp, classes)]
        assert light == sorted(light, reverse=True)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("ramp", ramps.DIVERGING)
def test_the_two_sides_of_a_target_are_told_apart(ramp, sight):
    for colours in ramps.DIVERGING[ramp].values():
        half = len(colours) // 2
        for step in range(half):
            one, other = colours[half - 1 - step], colours[half + step]
            distance = np.linalg.norm(seen(one, SIGHT[sight]) - seen(other, SIGHT[sight]))
            assert distance > APART, (ramp, step, sight)


def test_the_wished_side_is_never_orange():
    good_high = ramps.diverging(2, 3, high_is_good=True)
    good_low = ramps.diverging(2, 3, high_is_good=False)
    assert len(good_high) == len(good_low) == 5
    orange, purple = ramps.DIVERGING["PuOr"][6][0], ramps.DIVERGING["PuOr"][6][-1]
    assert good_high[-1] == purple
    assert good_low[-1] == orange


def test_a_ramp_ends_at_seven_classes():
    with pytest.raises(ValueError, match="1 to 7"):
        ramps.sequential("YlGn", 8)
    with pytest.raises(ValueError, match="at most 3"):
        ramps.diverging(4, 1, high_is_good=True)
