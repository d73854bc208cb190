//! Every format on hostile names, on recorded homes, and on more devices than a page holds.

use super::{Format, Options, Table, Theme, export, file_name};
use crate::testing;
use flate2::bufread::GzDecoder;
use std::collections::BTreeSet;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use weft_evidence::Evidence;
use weft_evidence::recording::read_all;
use weft_layout::{Positions, layout};
use weft_topology::{CapturePlace, Node, Policy, Topology, derive};

fn options(format: Format) -> Options {
    Options {
        format,
        theme: Theme::Light,
        table: Table::Devices,
        with_claims: true,
    }
}

fn text(topology: &Topology, options: &Options) -> String {
    let positions = layout(topology, &Positions::default());
    String::from_utf8(export(topology, &positions, options).unwrap()).unwrap()
}

fn every_text(topology: &Topology, positions: &Positions) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for &format in Format::ALL {
        for &table in if format == Format::Csv { Table::ALL } else { &Table::ALL[..1] } {
            for &theme in if format == Format::Svg { Theme::ALL } else { &Theme::ALL[..1] } {
                let options = Options {
                    theme,
                    table,
                    ..options(format)
                };
                let bytes = export(topology, positions, &options).unwrap();
                all.push((format!("{format} {table} {theme}"), String::from_utf8(bytes).unwrap()));
            }
        }
    }
    all
}

/// What is concluded of a fixture.
fn fixture(name: &str) -> Topology {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name)
        .join("recording.jsonl.gz");
    let file = BufReader::new(std::fs::File::open(path).unwrap());
    let captures = read_all(BufReader::new(GzDecoder::new(file))).unwrap().captures;
    let evidence = Evidence::from_captures(&captures);
    let policy = Policy::standard().with_captures_in(CapturePlace::Recording("home-of-vera.jsonl".into()));
    derive(&evidence, captures.last().unwrap().at, &policy)
}

/// The home with devices whose names are no names.
fn hostile() -> Topology {
    let names = [
        "</text><script>alert(1)</script>",
        "\" onload=\"alert(1)",
        "]]>&amp;<!-- -->",
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@SUM(A1)",
        "a,\"b\"\r\nc",
        "\u{0}\u{1b}[31m\u{b}\u{fffe}",
        "\\N\\\" ]; node [label=x",
        "𝔗𝔥𝔯𝔢𝔞𝔡 客厅灯",
        "\tIndented",
        "\u{ff1d}1+1",
    ];
    let mut topology = testing::home();
    let part = Arc::make_mut(&mut topology.parts[0]);
    for (number, name) in names.iter().enumerate() {
        let id = format!("0b{number:014x}");
        part.nodes.push(Node {
            name: Some((*name).to_owned()),
            room: Some((*name).to_owned()),
            ..testing::node(&id, Some("1111111111111111"), Some(0x3000 + u16::try_from(number).unwrap()), 9)
        });
    }
    topology
}

fn parsed(text: &str) -> roxmltree::Document<'_> {
    roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_picture_is_xml_whatever_devices_are_called() {
    for theme in [Theme::Light, Theme::Dark] {
        let svg = text(
            &hostile(),
            &Options {
                theme,
                ..options(Format::Svg)
            },
        );
        let document = parsed(&svg);
        let allowed = ["svg", "title", "desc", "g", "rect", "circle", "path", "text", "tspan"];
        for element in document.descendants().filter(roxmltree::Node::is_element) {
            assert!(allowed.contains(&element.tag_name().name()), "{:?}", element.tag_name());
            for attribute in element.attributes() {
                assert!(
                    !attribute.name().starts_with("on") && attribute.name() != "style" && attribute.name() != "href",
                    "{attribute:?}"
                );
            }
        }
        let shown: BTreeSet<&str> = document
            .descendants()
            .filter(|element| element.has_tag_name(("http://www.w3.org/2000/svg", "text")))
            .filter_map(|element| element.text())
            .collect();
        assert!(shown.contains("\" onload=\"alert(1)"), "{shown:?}");
        assert!(shown.contains("𝔗𝔥𝔯𝔢𝔞𝔡 客厅灯"), "{shown:?}");
    }
}

#[test]
fn a_picture_says_what_it_is_about() {
    let svg = text(&testing::home(), &options(Format::Svg));
    for said in [
        "2 Thread networks",
        "As of 20 Nov 2026, 12:00:00 UTC",
        "channel 25",
        "PAN 0x4f21",
        "partition 7",
        "Garage sensor",
        "Sleepy device",
    ] {
        assert!(svg.contains(said), "{said}");
    }
    assert!(
        !svg.contains("http://") || svg.matches("http://").count() == 1,
        "nothing but the namespace is named"
    );
}

/// Names that stand where the picture says: no two of them, and none on a device.
#[test]
fn names_do_not_overlap() {
    let topology = fixture("home44-all");
    let svg = text(&topology, &options(Format::Svg));
    let document = parsed(&svg);
    let names = document.descendants().find(|element| element.attribute("id") == Some("names")).unwrap();
    let number = |element: &roxmltree::Node<'_, '_>, name: &str| -> f64 { element.attribute(name).unwrap().parse().unwrap() };
    let boxes: Vec<(f64, f64, f64, f64, String)> = names
        .children()
        .filter(roxmltree::Node::is_element)
        .map(|element| {
            let (x, y, size) = (number(&element, "x"), number(&element, "y"), number(&element, "font-size"));
            let label = element.text().unwrap().to_owned();
            // As narrow as any font has it: what overlaps here overlaps everywhere.
            let width = label.chars().count() as f64 * size * 0.45;
            let left = match element.attribute("text-anchor").unwrap() {
                "start" => x,
                "end" => x - width,
                _ => x - width / 2.0,
            };
            (left, y - size * 0.7, left + width, y, label)
        })
        .collect();
    assert!(boxes.len() >= 44, "{}", boxes.len());
    for (index, one) in boxes.iter().enumerate() {
        for other in &boxes[..index] {
            let apart = one.0 >= other.2 || other.0 >= one.2 || one.1 >= other.3 || other.1 >= one.3;
            assert!(apart, "{} and {}", one.4, other.4);
        }
    }
}

#[test]
fn nothing_is_drawn_of_an_empty_mesh_but_the_frame_and_the_legend() {
    let empty = Topology {
        parts: Vec::new(),
        findings: Vec::new(),
        ..testing::home()
    };
    let svg = text(&empty, &options(Format::Svg));
    parsed(&svg);
    assert!(svg.contains("0 devices") && svg.contains("Border router"));
    assert!(!svg.contains("inf") && !svg.contains("NaN"));
}

#[test]
fn five_thousand_devices_give_a_picture_of_a_few_megabytes() {
    let crowd = testing::crowd(5_000);
    let svg = text(&crowd, &options(Format::Svg));
    parsed(&svg);
    assert!(svg.len() < 4 << 20, "{} bytes", svg.len());
    assert!(svg.contains("names of 5000 end devices left out"), "what is left out is said");
}

#[test]
fn graphml_keys_are_declared_and_typed() {
    let graphml = text(&hostile(), &options(Format::Graphml));
    let document = parsed(&graphml);
    let root = document.root_element();
    let is = |name: &'static str| move |element: &roxmltree::Node<'_, '_>| element.tag_name().name() == name;
    assert_eq!(root.tag_name().namespace(), Some("http://graphml.graphdrawing.org/xmlns"));
    let mut declared = std::collections::BTreeMap::new();
    for key in root.children().filter(is("key")) {
        let kind = key.attribute("attr.type").unwrap();
        assert!(["boolean", "int", "long", "float", "double", "string"].contains(&kind));
        assert!(
            declared
                .insert(key.attribute("id").unwrap(), (key.attribute("for").unwrap(), kind))
                .is_none()
        );
    }
    let graph = root.children().find(is("graph")).unwrap();
    let mut ids = BTreeSet::new();
    for element in graph.children().filter(roxmltree::Node::is_element) {
        let name = element.tag_name().name();
        let of = if name == "data" {
            vec![element]
        } else {
            element.children().filter(is("data")).collect()
        };
        for data in of {
            let (applies_to, kind) = declared[data.attribute("key").unwrap()];
            assert_eq!(applies_to, if name == "data" { "graph" } else { name });
            let value = data.text().unwrap_or_default();
            match kind {
                "boolean" => assert!(["true", "false"].contains(&value)),
                "int" => drop(value.parse::<i32>().unwrap()),
                "long" => drop(value.parse::<i64>().unwrap()),
                "double" => drop(value.parse::<f64>().unwrap()),
                _ => (),
            }
        }
        match name {
            "node" => {
                let id = element.attribute("id").unwrap();
                assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "a name token: {id}");
                assert!(ids.insert(id));
            }
            "edge" => assert!(["source", "target"].iter().all(|end| ids.contains(element.attribute(*end).unwrap()))),
            other => assert_eq!(other, "data"),
        }
    }
    assert_eq!(ids.len(), hostile().nodes().count());
    assert!(graphml.contains("source_hears_target_link_quality"));
}

/// The texts in quotes of a DOT file, as Graphviz reads them; `None` where a quote is never closed.
fn strings_of_dot(dot: &str) -> Option<(Vec<String>, String)> {
    let (mut strings, mut outside) = (Vec::new(), String::new());
    let mut characters = dot.chars();
    while let Some(c) = characters.next() {
        if c != '"' {
            outside.push(c);
            continue;
        }
        let mut string = String::new();
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => string.push(characters.next()?),
                c => string.push(c),
            }
        }
        strings.push(string);
    }
    Some((strings, outside))
}

#[test]
fn no_name_leaves_its_quotes_in_dot() {
    let dot = text(&hostile(), &options(Format::Dot));
    let (strings, outside) = strings_of_dot(&dot).unwrap();
    assert!(strings.iter().any(|string| string == "\\N\\\" ]; node [label=x"), "{strings:?}");
    assert!(!outside.contains("script") && !outside.contains("label=x"), "{outside}");
    assert_eq!(outside.matches('{').count(), outside.matches('}').count());
    assert!(strings.iter().all(|string| !string.contains('\n')));
}

/// The cells of a CSV text after RFC 4180.
fn cells(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = csv.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => (),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    assert!(!quoted && row.is_empty() && cell.is_empty());
    rows
}

#[test]
fn tables_are_square_and_no_text_is_a_formula() {
    for &table in Table::ALL {
        let rows = cells(&text(
            &hostile(),
            &Options {
                table,
                ..options(Format::Csv)
            },
        ));
        assert!(rows.len() > 1, "{table}");
        assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{table}");
        for cell in rows.iter().flatten() {
            let is_number = cell.parse::<f64>().is_ok() && cell.starts_with('-') && cell.len() > 2;
            assert!(is_number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell:?}");
        }
    }
    let devices = text(&hostile(), &options(Format::Csv));
    for cell in ["'=cmd|' /C calc'!A0", "'+1", "'-1", "'@SUM(A1)", "'\u{ff1d}1+1", "\"a,\"\"b\"\"\r\nc\""] {
        assert!(devices.contains(cell), "{cell}");
    }
    let links = text(
        &testing::home(),
        &Options {
            table: Table::Links,
            ..options(Format::Csv)
        },
    );
    assert!(links.contains(",-91,"), "a strength stays a number: {links}");
}

#[test]
fn json_is_the_contracts_object() {
    let topology = testing::home();
    let mut expected = Vec::new();
    topology.write_json(&mut expected, true).unwrap();
    assert_eq!(text(&topology, &options(Format::Json)).into_bytes(), expected);
    let without = text(
        &topology,
        &Options {
            with_claims: false,
            ..options(Format::Json)
        },
    );
    assert!(!without.contains("\"claims\""));
}

#[test]
fn files_have_names_that_any_disk_takes() {
    let mut topology = fixture("home44-all");
    assert_eq!(file_name(&topology, &options(Format::Svg)), "weft-home-44-20261121T121624Z.svg");
    let links = Options {
        table: Table::Links,
        ..options(Format::Csv)
    };
    assert_eq!(file_name(&topology, &links), "weft-home-44-20261121T121624Z-links.csv");
    Arc::make_mut(&mut topology.parts[0]).network.as_mut().unwrap().name = Some("../../\"\r\nX: y 家".into());
    assert_eq!(file_name(&topology, &options(Format::Dot)), "weft-x-y-20261121T121624Z.dot");
}

mod anonymous;
mod endpoint;
