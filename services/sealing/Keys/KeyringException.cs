namespace MedCloudCare.Sealing;

/// <summary>Why a keyring was refused.</summary>
public enum KeyringProblem
{
    /// <summary>No keyring at this path.</summary>
    Missing,

    /// <summary>Others than the owner may read or write the file.</summary>
    Exposed,

    /// <summary>Not a keyring: broken JSON, a missing field, a key of wrong length or one that fails its check value.</summary>
    Malformed,

    /// <summary>Written by a newer release.</summary>
    UnknownVersion,

    /// <summary>The key named is not in the keyring, or its state forbids what was asked.</summary>
    InvalidKey,

    /// <summary>The data was sealed under another keyring.</summary>
    Mismatch,
}

/// <summary>A keyring was refused. The message is for an operator and holds no key material.</summary>
public sealed class KeyringException : Exception
{
    public KeyringException(KeyringProblem problem, string message, Exception? inner = null)
        : base(message, inner) => Problem = problem;

    /// <summary>What is wrong.</summary>
    public KeyringProblem Problem { get; }
}
