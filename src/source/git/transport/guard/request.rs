//! What packs are asked for.

/// A request as libgit2 makes it, but for a pack that is whole in itself.
pub(in crate::source::git::transport) fn for_whole_pack(request: &[u8]) -> Vec<u8> {
    const THIN: &[u8] = b" thin-pack";
    let line = request.get(..4).and_then(|digits| usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
    let Some(line) = line.and_then(|length| request.get(4..length)).filter(|line| line.starts_with(b"want ")) else {
        return request.to_vec();
    };
    let Some(at) = line.windows(THIN.len()).position(|part| part == THIN) else { return request.to_vec() };
    let whole = [&line[..at], &line[at + THIN.len()..]].concat();
    [format!("{:04x}", whole.len() + 4).as_bytes(), &whole, &request[line.len() + 4..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_are_asked_for_whole() {
        let request = b"0038want a multi_ack side-band-64k thin-pack ofs-delta \n000dwant b\n0000";
        let expected = b"002ewant a multi_ack side-band-64k ofs-delta \n000dwant b\n0000";
        assert_eq!(for_whole_pack(request), expected, "{:?}", String::from_utf8_lossy(&for_whole_pack(request)));
        for other in [&b"0000"[..], b"", b"00", b"zzzzwant", b"0032have thin-pack", b"ffffwant a thin-pack"] {
            assert_eq!(for_whole_pack(other), other);
        }
    }
}
