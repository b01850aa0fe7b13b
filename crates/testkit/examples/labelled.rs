//! Writes labelled images and their boxes: `--features labelled --example labelled -- DIR [COUNT] [SEED]`.

use cloakroom_testkit::labelled;
use std::fmt::Write as _;
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().unwrap_or_else(|| "labelled".to_owned()));
    let mut number = |default: u64| {
        arguments
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (count, seed) = (number(100), number(1));
    std::fs::create_dir_all(&dir)?;
    let mut table = String::from("image\tx\ty\twidth\theight\tfirst_frame\trole\ttext\n");
    for index in 0..count as u32 {
        let image = labelled::image(seed, index);
        std::fs::write(dir.join(format!("{}.dcm", image.name)), image.file.bytes())?;
        for text in &image.texts {
            let area = text.area;
            let _ = writeln!(
                table,
                "{}\t{}\t{}\t{}\t{}\t{}\t{:?}\t{}",
                image.name,
                area.x,
                area.y,
                area.width,
                area.height,
                text.first_frame,
                text.role,
                text.text
            );
        }
    }
    std::fs::write(dir.join("labels.tsv"), table)
}
