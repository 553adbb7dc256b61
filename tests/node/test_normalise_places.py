"""Places as the registers of all states write them: one place, one form."""

from __future__ import annotations

import pytest

from childgrid_node.normalise import from_fields, places, tokens_of
from childgrid_node.normalise.states import ABROAD, CODES

NEAR = 0.7
"""Likeness from which the scheme takes two districts for one."""


def likeness(field: str, one: dict[str, str], other: dict[str, str]) -> float:
    """Dice's coefficient of the tokens that two descriptions have in a field."""
    sets = [
        set(
            tokens_of(from_fields({name: [text] for name, text in fields.items()}))[
                field
            ]
        )
        for fields in (one, other)
    ]
    return 2 * len(sets[0] & sets[1]) / (len(sets[0]) + len(sets[1]))


@pytest.mark.parametrize(
    ("code", "writings"),
    [
        ("UP", "UP|U.P.|उ.प्र.|उ0प्र0|IN-UP|9|09|उत्तर प्रदेश|UTTAR PARDESH|State of U.P."),
        ("KA", "Karnataka|KA|29|IN-KA|ಕರ್ನಾಟಕ|কর্ণাটক|29 - Karnataka|Karnataka (KA)"),
        (
            "DD",
            "Daman & Diu|D&D|25|26|Dadra & Nagar Haveli|DNHDD|U.T. of Daman and Diu",
        ),
        ("TN", "Tamilnadu|T.N.|33|தமிழ்நாடு|தமிழகம்|తమిళనాడు|തമിഴ്നാട്|Madras State"),
        ("UK", "Uttaranchal|UA|IN-UT|05|उत्तराखंड|উত্তরাখণ্ড"),
        ("MH", "Maharashtra|M.S.|MH|27|महाराष्ट्र|মহারাষ্ট্র|મહારાષ્ટ્ર|مہاراشٹر"),
        ("LA", "Ladakh|UT of Ladakh|Union Territory of Ladakh|लद्दाख|لداخ"),
        (
            "",
            "37|38|97|99|00|UT|IN|India|Ruritania|J|other|राज्य|--Select State--",
        ),
    ],
)
def test_a_state_is_known_by_codes_numbers_scripts_and_old_names(
    code: str, writings: str
) -> None:
    """All writings of a state are its code; what is two states' or none's is nothing.

    Numbers 37 and 38 are other states in a GSTIN than in the government's directory.
    """
    assert {places.state(text) for text in writings.split("|")} == {code}


def test_every_state_has_a_name_that_leads_to_it() -> None:
    """The table holds all states and territories, each known by its code."""
    states = [code for code in CODES if code not in ABROAD]

    assert len(states) == 36
    assert [places.state(code) for code in states] == states


@pytest.mark.parametrize(
    "writings",
    [
        "Nuh|Mewat|नूंह|मेवात|Dist. Nuh (Mewat)|NUH",
        "Rupnagar|Ropar|ਰੋਪੜ|रोपड़",
        "Tumakuru|Tumkur|ತುಮಕೂರು|Distt-Tumkur|Tumakuru District",
        "Kannur|Cannanore|കണ്ണൂർ|Kannur (Rural)|Kannur City",
        "Dharashiv|Osmanabad|उस्मानाबाद|Usmanabad",
        "Narmadapuram|Hoshangabad|होशंगाबाद",
        "South 24 Parganas|S 24 Pgs|24 Parganas (South)|দক্ষিণ ২৪ পরগনা|24-PGS(S)",
        "West Singhbhum|W. Singhbhum|Chaibasa|पश्चिमी सिंहभूम|Paschimi Singhbhum",
        "Thanjavur|Tanjore|தஞ்சாவூர்|Thanjavoor",
        "Anantnag|اننت ناگ|अनंतनाग|Anantanag",
        "Moradabad|मुरादाबाद|مرادآباد|Muradabad|MORDABAD",
        "Sivasagar|Sibsagar|শিৱসাগৰ|Shibsagar",
        "Kushinagar|Kushi Nagar|Padrauna|कुशीनगर",
        "Keonjhar|Kendujhar|କେନ୍ଦୁଝର|Keonjhargarh",
    ],
)
def test_a_district_is_one_in_all_scripts_and_times(writings: str) -> None:
    """Renamings, headquarters, colonial spellings, scripts, slips, police units."""
    first, *others = ({"district": text} for text in writings.split("|"))

    assert [likeness("district", first, one) for one in others] == [1] * len(others)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("East Champaran", "West Champaran"), ("पूर्वी चंपारण", "Bettiah")),
        *(("Kamrup", "Kamrup (Metro)"), ("Bangalore Rural", "Bangalore Urban")),
        *(("SAS Nagar", "SBS Nagar"), ("Sivasagar", "Sagar"), ("Mandi", "Mandya")),
        *(("Deoghar", "Deogarh"), ("Patna", "Patan"), ("Agra", "Agar Malwa")),
        *(("North Goa", "South Goa"), ("Rampur", "Raipur"), ("Rewa", "Rewari")),
    ],
)
def test_districts_with_like_names_are_apart(one: str, other: str) -> None:
    """A direction, a letter, or city and country: two districts never agree."""
    assert likeness("district", {"district": one}, {"district": other}) < NEAR


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        *(("Aurangabad", "Bihar", "MH"), ("Hamirpur", "HP", "U.P.")),
        *(("Bilaspur", "Himachal", "CG"), ("Pratapgarh", "RJ", "UP")),
        *(("Balrampur", "UP", "Chhattisgarh"), ("Bijapur", "Karnataka", "C.G.")),
        ("औरंगाबाद", "बिहार", "महाराष्ट्र"),
    ],
)
def test_namesakes_in_two_states_are_apart_and_each_is_near_the_bare_name(
    name: str, one: str, other: str
) -> None:
    """With the states they differ; where a state is unknown, either may be meant."""
    here, there = {"district": name, "state": one}, {"district": name, "state": other}

    assert likeness("district", here, there) < NEAR
    assert likeness("district", here, {"district": name}) >= NEAR
    assert likeness("district", there, {"district": name}) >= NEAR
    assert likeness("district", here, {"district": f"{name} ({one})"}) == 1


def test_a_renamed_namesake_is_found_by_its_state() -> None:
    """Only Maharashtra's Aurangabad was renamed."""
    new = {"district": "छत्रपती संभाजीनगर"}

    assert likeness("district", new, {"district": "Aurangabad", "state": "MH"}) == 1
    assert likeness("district", new, {"district": "Aurangabad", "state": "BR"}) < NEAR


@pytest.mark.parametrize(
    ("district", "older", "younger"),
    [
        *(("Ranchi", "Bihar", "JH"), ("Dehradun", "U.P.", "UK")),
        *(("Bilaspur", "MP", "CG"), ("Hyderabad", "AP", "TG"), ("Leh", "J&K", "LA")),
    ],
)
def test_a_district_tells_the_younger_state(
    district: str, older: str, younger: str
) -> None:
    """An address from before a state was divided is in today's state."""
    found = from_fields({"district": [district], "state": [older]})

    assert found.state == younger


def test_a_district_tells_its_state_where_none_is_stated() -> None:
    """Unless two states have one of that name, or its name is only much like it."""
    assert from_fields({"district": ["Meerut"]}).state == "UP"
    assert from_fields({"address": ["Vill. Yerla, Distt Amravati"]}).state == "MH"
    assert from_fields({"district": ["Meerut"], "state": ["MP"]}).state == "MP"
    assert from_fields({"district": ["Hamirpur"]}).state == ""
    assert from_fields({"district": ["Meeruth Nagar"]}).state == ""


def test_a_slip_of_two_letters_is_mended_where_the_state_is_known() -> None:
    """In a state there are few districts; without it the writing stays as it is."""
    wrong = {"district": "Vijsyapura", "state": "KA"}

    assert likeness("district", wrong, {"district": "Vijayapura", "state": "KA"}) == 1
    assert places.district("Ruritania").among == ()


@pytest.mark.parametrize(
    "text", ["NA", "Other", "--Select District--", "000", "अन्य", "Dist.", "जिला", "12"]
)
def test_a_placeholder_is_no_district(text: str) -> None:
    """It gives no tokens."""
    assert "district" not in tokens_of(from_fields({"district": [text]}))


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        *(("560 001", "560001"), ("PIN: 560001", "560001"), ("௫௬௦௦௦௧", "560001")),
        *(("56OOO1", "560001"), ("560-001", "560001"), ("560001.0", "560001")),
        *(("000000", ""), ("999999", ""), ("123456", ""), ("290001", ""), ("1100", "")),
    ],
)
def test_a_pin_is_read_by_its_region(text: str, pin: str) -> None:
    """Blanks, labels, digits of all scripts, letters for digits; none is invented."""
    assert places.pin(text) == pin


@pytest.mark.parametrize(
    ("address", "pin"),
    [
        *(
            ("5, Karol Bagh, New Delhi-5", "110005"),
            ("T. Nagar, Madras - 17", "600017"),
        ),
        *(("Andheri, Bombay 400 058", "400058"), ("बांद्रा, मुंबई ५०", "400050")),
        *(
            ("Ward 5, Rampur", ""),
            ("12 Delhi Road, Hapur", ""),
            ("Delhi 5th Floor", ""),
        ),
    ],
)
def test_the_zone_of_a_city_is_a_pin_and_a_house_number_is_none(
    address: str, pin: str
) -> None:
    """The zone stands behind the city and ends a part of the address."""
    assert places.place(address).pin == pin


@pytest.mark.parametrize(
    "writings",
    [
        "At/Po- Rampali, Tal- Karad, Dist- Satara|मु. पो. रामपाली, ता. कराड, जि. सातारा",
        "Vill Lakhanpur, PO Lakhanpur, Distt Moga|ਪਿੰਡ ਲਖਨਪੁਰ, ਡਾਕ. ਲਖਨਪੁਰ, ਜ਼ਿਲ੍ਹਾ ਮੋਗਾ",
        "গ্রাম- মালিপুর, পোঃ- মালিপুর, জেলা- নদিয়া|Vill+PO- Malipur, Dist. Nadia",
        "#7, 2nd Cross, 4th Main, Hassan|No.7, 4th Main 2nd Cross, Hassan",
        "H.No B-12, Sector 9, Rohtak|मकान नं. B-12, सेक्टर 9, रोहतक",
    ],
)
def test_an_address_is_one_in_all_forms(writings: str) -> None:
    """Words of village, post, house and their abbreviations are not the place."""
    first, *others = (places.place(text) for text in writings.split("|"))

    assert first.words
    assert first.district.among
    for one in others:
        assert sorted(one.words) == sorted(first.words)
        assert one.district == first.district


def test_numbers_of_a_house_and_a_lane_tell_addresses_apart() -> None:
    """Cross and main change places: another house; a number keeps its kind."""
    here = places.place("#7, 2nd Cross, 4th Main, Hassan").words
    there = places.place("#7, 4th Cross, 2nd Main, Hassan").words

    assert set(here) == {"#7", "#cross2", "#main4"}
    assert set(there) == {"#7", "#cross4", "#main2"}


def test_an_honorific_is_no_marker_of_a_district() -> None:
    """ "Ji" abbreviates district in Devanagari, but only before the name of one."""
    found = places.place("Baba जी की Dargah, जि. Bahraich")

    assert found.district == places.district("Bahraich")
    assert places.place("Baba जी Kutiya").district == places.Area()


def test_a_locality_is_not_taken_for_a_district_that_is_elsewhere() -> None:
    """ "Gandhi Nagar" is in every town; in Gujarat it may be the district."""
    assert not places.place("12, Gandhi Nagar").district
    assert not places.place("Gandhi Nagar, Punjab").district
    assert places.place("Gandhi Nagar, Gujarat").district


@pytest.mark.parametrize("text", ["1.0", "01.0", "3.0", "10.0 "])
def test_a_states_number_from_a_spreadsheet_is_whole(text: str) -> None:
    """Its columns of numbers come with decimals: 3.0 is Punjab and no Goa."""
    assert places.state(text) == places.state(text.strip()[:-2]) != ""


@pytest.mark.parametrize(
    "text", ["CG", "BR", "HR", "BR-28", "MH12", "KA-01", "UP 32", "Distt. HR", "28"]
)
def test_a_code_is_no_district(text: str) -> None:
    """Neither a state's nor an office's of its vehicles, however near to a name."""
    assert places.settle(places.district(text), "") == ((), "")


@pytest.mark.parametrize(
    ("text", "name"),
    [("KCG", "Khairagarh"), ("Una", "Una"), ("DK", "Dakshina Kannada"), ("लेह", "Leh")],
)
def test_a_short_name_that_is_listed_is_a_district(text: str, name: str) -> None:
    """Districts have names of two and three letters, and abbreviations."""
    assert places.district(text) == places.district(name)


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        ("East District", "SK", "Gangtok"),
        ("South Distt.", "TR", "South Tripura"),
        ("East District", "DL", "East Delhi"),
        ("24PGS(N)", "WB", "North 24 Parganas"),
        ("24Pgs (S)", "WB", "South 24 Parganas"),
    ],
)
def test_a_direction_is_a_district_of_the_state_that_is_stated(
    text: str, code: str, name: str
) -> None:
    """Four states have an east, and not every one of them is Delhi's."""
    asked = places.settle(places.district(text), code)
    assert asked == places.settle(places.district(name), code)


@pytest.mark.parametrize("text", ["A:\x1b", "A \x1b 12", "\x1bB"])
def test_a_sign_of_a_terminal_in_a_short_cell_is_passed_over(text: str) -> None:
    """What another program left in one cell costs no row, and no reading."""
    kept = text.replace("\x1b", "")

    assert tokens_of(from_fields({"district": [text]})) == tokens_of(
        from_fields({"district": [kept]})
    )


@pytest.mark.parametrize(
    ("address", "name", "code"),
    [
        ("R/o Chandpur District North Goa", "North Goa", "GA"),
        ("Rampur Dist South Sikkim", "Namchi", "SK"),
        ("PO Vasant Vihar, Dist. New Delhi, PIN 110057", "New Delhi", "DL"),
        ("Dist- Uttara Kunnada, Karnataka", "Uttara Kannada", "KA"),
        ("Dist. West Garo Hlls, Meghalaya", "West Garo Hills", "ML"),
        ("Dist. North Goaa, Goa", "North Goa", "GA"),
        ("Distt Auraiya, Uttar Pradesh", "Auraiya", "UP"),
        ("Unegaon, Dist. Raigad", "Raigad", "MH"),
        ("Vill. Narela, Distt North", "North Delhi", "DL"),
    ],
)
def test_a_district_behind_its_marker_is_read_whole(
    address: str, name: str, code: str
) -> None:
    """A state's name that ends it stays with it; its direction is none of Delhi's."""
    person = from_fields({"address": [address]})

    assert (person.district, person.state) == places.settle(places.district(name), code)


@pytest.mark.parametrize(
    ("address", "name", "code"),
    [
        ("Sonapur, Cooch Behar", "Cooch Behar", "WB"),
        ("Sonapur, Koch Bihar - 736101", "Cooch Behar", "WB"),
        ("Sonapur, Koch Behar", "Cooch Behar", "WB"),
        ("R/o Sonapur District Cooch Behar", "Cooch Behar", "WB"),
        ("H.No. 78 Ward No. 19 Belwa Cooch Behar 736230", "Cooch Behar", "WB"),
        ("Kushberia, Howrah", "Howrah", "WB"),
        ("127, Fatehpur, Gopalpur, Howrah 711303", "Howrah", "WB"),
        ("Kurmawan, Gaya", "Gaya", "BR"),
        ("Charik, Moga", "Moga", "PB"),
        ("Post Deolali, Beed", "Beed", "MH"),
    ],
)
def test_a_district_without_a_marker_is_read_whole(
    address: str, name: str, code: str
) -> None:
    """Cooch Behar is not in Bihar; a name is as long as it is written."""
    person = from_fields({"address": [address]})

    assert (person.district, person.state) == places.settle(places.district(name), code)


def test_a_name_of_three_letters_without_a_marker_is_no_district() -> None:
    """Mon and Nuh may be anything."""
    assert not from_fields({"address": ["21, Patharia, Mon"]}).district


@pytest.mark.parametrize(
    "writings",
    [
        "Comilla|Cumilla|কুমিল্লা|Comilla, Bangladesh",
        "Jessore|Jashore|যশোর",
        "Dhaka|ঢাকা|Dacca",
        "Morang|मोरङ|Morang, Nepal",
        "Maungdaw|Mongdu",
    ],
)
def test_a_neighbouring_countrys_district_is_none_of_ours(writings: str) -> None:
    """It is one in old and new spelling, with its country or without."""
    areas = {places.settle(places.district(one), "")[0] for one in writings.split("|")}

    assert len(areas) == 1
    assert all(piece[0] not in "=@" for area in areas for piece in area)


@pytest.mark.parametrize(
    ("address", "district", "state", "code"),
    [
        ("29, Bishanpur, Gandhinagar, Morang, Nepal", "Morang", "", "NP"),
        ("Baghmara", "", "বাংলাদেশ", "BD"),
        ("Vill- Rampur, Dist- Cumilla, Bangladesh", "Comilla", "", "BD"),
        ("21, Fatehpur, Buthidaung", "Buthidaung", "Myanmar", "MM"),
    ],
)
def test_who_lives_in_a_neighbouring_country_has_no_district_here(
    address: str, district: str, state: str, code: str
) -> None:
    """Its villages bear our districts' names too."""
    person = from_fields({"address": [address], "state": [state]})

    asked = places.settle(places.district(district), "")[0]
    assert (person.district, person.state) == (asked, code)


@pytest.mark.parametrize(
    ("address", "district"),
    [
        ("Ward No. 4 Kendudihi Sindhupalchowk", "Sindhupalchok"),
        ("Ramnagar, Jashore", "Jessore"),
        ("Camp 4, Kutupalong, Cox's Bazar", "Cox Bazar"),
    ],
)
def test_a_neighbours_district_ends_an_address_without_its_country(
    address: str, district: str
) -> None:
    """It is said once, as a district, and no village's word beside; India has none."""
    person = from_fields({"address": [address]})

    assert person.district == places.settle(places.district(district), "")[0] != ()
    assert not set(person.district) & set(person.address)
    assert from_fields({"address": [address], "state": ["Bihar"]}).district == ()


@pytest.mark.parametrize("village", ["Bara", "Chandpur", "Rangpur"])
def test_a_village_that_a_neighbours_district_is_called_like_stays_one(
    village: str,
) -> None:
    """Villages of Bihar bear these names; only the country makes them districts."""
    for address in (village, f"Vill. {village}", f"Ward 4 {village}"):
        person = from_fields({"address": [address]})
        assert (person.district, len(person.address) > 0) == ((), True)
    assert from_fields({"address": [f"{village}, Nepal"]}).address == ()


def test_a_countrys_name_within_an_address_is_a_villages() -> None:
    """Kheri Bhutan is in Karnal."""
    person = from_fields(
        {"address": ["44, Temple Road, Kheri Bhutan, District Karnal"]}
    )

    assert person.state == "HR"
    assert "butan" in person.address


def test_a_namesake_of_a_neighbours_district_is_ours_where_no_country_is_stated() -> (
    None
):
    """Bihar has a Gopalganj, and so has Bangladesh."""
    ours, theirs = (
        places.district("Gopalganj"),
        places.district("Gopalganj, Bangladesh"),
    )

    assert places.settle(ours, "")[1] == "BR"
    assert places.settle(theirs, "") == ((), "BD")


def test_a_direction_alone_is_no_district() -> None:
    """Nobody knows whose it is."""
    assert places.settle(places.district("East District"), "")[0] == ()


def test_a_village_of_a_district_of_another_state_is_none() -> None:
    """The state may stand in another column; a marker is believed all the same."""
    asked = {"address": ["Rampur"], "state": ["Bihar"]}
    assert from_fields(asked).district == ()
    assert from_fields(asked | {"state": ["UP"]}).district != ()
    assert from_fields({"address": ["Rampur"]}).district != ()
    assert from_fields(asked | {"address": ["Distt Rampur"]}).district != ()


@pytest.mark.parametrize(
    "ending", [", CG", " (CG)", ", CG - 495677", ", C.G.", ", Chhattisgarh"]
)
def test_a_states_code_in_an_address_is_no_district(ending: str) -> None:
    """It folds to an abbreviation of Khairagarh's, and is Chhattisgarh's."""
    found = places.place(f"Ward 5, Raipur{ending}")
    assert found.state == "CG"
    assert places.settle(found.district, "CG")[0] == ("=CGrepur", "@CGrepur")
    assert places.place("Rampur, KCG, CG").district == places.district("KCG")


@pytest.mark.parametrize(
    "address",
    ["Chandel; Sarsara", "Chandel, P.O. Sarsara, Manipur", "Chandel (Sarsara) Manipur"],
)
def test_the_first_of_several_parts_is_no_district(address: str) -> None:
    """An address begins with the village, which may be called like some district."""
    assert not places.place(address).district
    assert "chandel" in places.place(address).words


@pytest.mark.parametrize(
    "address", ["Sarsara, Chandel", "Chandel, Manipur", "12, Chandel", "Chandel"]
)
def test_a_district_ends_an_address_or_stands_alone(address: str) -> None:
    """Behind the village, or with nothing but its state, the name is the district's."""
    assert places.place(address).district.among
