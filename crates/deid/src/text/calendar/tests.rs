//! Dates as people of the region write them, and what only looks like one.

use super::*;

fn found(text: &str) -> Vec<String> {
    found_with(text, Doubt::Stays)
}

fn found_with(text: &str, doubt: Doubt) -> Vec<String> {
    let folded = Folded::new(text);
    let mut spans = Vec::new();
    find(&folded, doubt, &mut spans);
    spans
        .iter()
        .map(|span| folded.folded(span.start, span.end))
        .collect()
}

#[test]
fn dates_of_the_region_are_found_whole() {
    for date in [
        "20190619",
        "2019-06-19",
        "2019/6/19",
        "2019.06.19",
        "19/06/2019",
        "06/19/2019",
        "19-6-19",
        "19.06.2019",
        "5 may 2020",
        "5th of march 2024",
        "march 5, 2024",
        "mar 5 2024",
        "05-jun-19",
        "5jun2019",
        "june 2019",
        "jan 5",
        "2024年3月5日",
        "２０２４年３月５日",
        "二〇二四年三月五日",
        "3月5日",
        "民國113年3月5日",
        "民國59年",
        "113/03/05",
        "昭和45年3月5日",
        "s45.3.5",
        "h31/4/30",
        "令和元年5月1日",
        "2024년 3월 5일",
        "5 มีนาคม 2567",
        "5 ม.ค. 2567",
        "พ.ศ. 2567",
        "05/03/2567",
        "5 maret 2024",
        "2024-03-05t12:30:45.123+08:00",
        "2019-06-19 07:15",
        "20190619 07:15:22",
        "06/2019",
        "2019-06",
        "20190619071522",
        "190619",
        "12.iii.1961",
        "12/iii/1961",
        "12 iii 61",
        "1961-iii-12",
        "1961. 3. 12",
        "1961 mar 12",
        "1961:03:12",
        "12 / 03 / 1961",
        "12 03 1961",
        "12_03_1961",
        "monday 3/12",
        "mon 3 dec",
        "tue, 12 mar",
        "jan 61",
        "2019-w25-3",
        "q1 2019",
        "1389/12/21",
        "21 esfand 1389",
        "12 thang 3 nam 1961",
        "h.31.4.30",
        "昭45.3.5",
        "s45年3月",
        "庚子年三月",
        "born 1961",
        "b.1961",
        "jun 30 13:45",
        "20190619071522.123",
        "12. marz 1961",
        "5 hunyo 2019",
    ] {
        let text = format!("chest {date}");
        let wanted = Folded::new(date);
        assert_eq!(
            found(&text),
            [wanted.folded(0, wanted.signs.len())],
            "{date}"
        );
    }
}

#[test]
fn technique_is_no_date() {
    for text in [
        "mar 3",
        "t1 mpr 1.2.3",
        "vb 17.1.2",
        "512x512",
        "3/12",
        "5.0 x 5.0",
        "may be",
        "oct 3",
        "5mm",
        "0.625/1.25",
        "sep 2 mm",
        "kernel b31",
        "p4",
        "3月",
        "5年",
        "1-2",
        "100/0/3",
        "10/20/30/40",
        "2/3/1",
    ] {
        assert!(found(text).is_empty(), "{text}: {:?}", found(text));
    }
}

#[test]
fn doubtful_dates_go_where_doubt_goes() {
    for date in [
        "mar 61", "mar-61", "mar 12", "3 dec", "1961.03", "12/03", "12.3.61", "'61", "2019 06",
        "06 2019", "03.1961",
    ] {
        let text = format!("chest {date}");
        assert_eq!(found_with(&text, Doubt::Goes), [date], "{date}");
        assert!(found(&text).is_empty(), "{date}");
    }
    for (text, date) in [("seen on 3/12", "3/12"), ("dob: 12 03 61", "12 03 61")] {
        assert_eq!(found(text), [date], "{text}");
    }
    for text in [
        "sep 2 mm",
        "oct 512x512",
        "3/12",
        "o-mar 3",
        "te 10 20 30",
        "stage iii 2",
        "2000 x 10",
        "1.25/0.625",
        "vb 17.1.2",
        "12.5 mm",
        "5'10",
        "on 2/3 mm",
    ] {
        assert!(found_with(text, Doubt::Goes).is_empty(), "{text}");
    }
}
