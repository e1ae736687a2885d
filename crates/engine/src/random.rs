//! Random bytes, handed in by the caller: the engine has no generator of its own.

/// A cryptographically secure generator, such as the operating system's or a reseeding ChaCha.
pub trait Random {
    /// Fills `bytes` with random ones.
    fn fill(&mut self, bytes: &mut [u8]);

    /// 64 random bits.
    fn word(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}
