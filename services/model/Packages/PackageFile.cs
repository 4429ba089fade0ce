namespace MedCloudCare.Models.Packages;

/// <summary>A file of a package.</summary>
/// <param name="Position">Its number in the store.</param>
/// <param name="Path">Relative path with forward slashes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">SHA-256 of its contents.</param>
public sealed record PackageFile(int Position, string Path, long Size, byte[] Sha256);
