using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MedCloudCare.Dicom;
using MedCloudCare.Sealing;
using Npgsql;

namespace MedCloudCare.Studies.Tests;

/// <summary>
/// Many studies straight into the database: rows sealed under keys of their own, whose files are written as
/// services/sealing/FORMAT.md says, without waiting for the disk.
/// </summary>
internal sealed class IndexRows(NpgsqlDataSource database, Keyring keyring, string keyStore)
{
    private static readonly string[] Syllables =
    [
        "an", "be", "cor", "da", "el", "fi", "gra", "hu", "is", "jo", "ka", "lem", "mi", "nor", "ol", "pe", "qua", "ri", "sten", "tu", "ul", "vo",
        "wei", "xa", "ya", "zim", "berg", "dal", "ert", "hof", "lin", "man", "rich", "sen", "ski", "ton", "var", "wald", "ös", "ün",
    ];

    /// <summary>Adds studies of an owner who has none yet.</summary>
    public async Task AddAsync(Guid owner, int count)
    {
        for (int shard = 0; shard < 256; shard++)
        {
            Directory.CreateDirectory(Path.Combine(keyStore, shard.ToString("x2", CultureInfo.InvariantCulture)));
        }

        await using NpgsqlConnection connection = await database.OpenConnectionAsync();
        await using (NpgsqlBinaryImporter import = await connection.BeginBinaryImportAsync(
            "COPY studies (id, owner, study_instance_uid, attributes, series_count, instance_count, size_bytes, change) FROM STDIN (FORMAT BINARY)"))
        {
            foreach ((Guid id, string uid, byte[] attributes)[] rows in Enumerable.Range(0, count).Chunk(2048)
                .Select(numbers => numbers.AsParallel().AsOrdered().Select(Seal).ToArray()))
            {
                foreach ((Guid id, string uid, byte[] attributes) in rows)
                {
                    await import.WriteRowAsync(default, id, owner, uid, attributes, 1, 10, 5_000_000L, 1L);
                }
            }

            await import.CompleteAsync();
        }

        await using NpgsqlCommand change = new($"INSERT INTO owners (owner, change) VALUES ('{owner}', 1); ANALYZE studies", connection);
        await change.ExecuteNonQueryAsync();
    }

    /// <summary>The record of a study, as the index makes it of its row.</summary>
    public static StudyRecord RecordOf(int number) => StudyRecord.Of(
        new StudyRow(Guid.NewGuid(), Guid.Empty, UidOf(number), 1, 10, 5_000_000, 1, DateTime.UtcNow, DateTime.UtcNow), AttributesOf(number));

    /// <summary>The name of a study's patient; a patient has three studies.</summary>
    public static string NameOf(int number)
    {
        Random random = new(number / 3);
        string surname = string.Concat(Enumerable.Range(0, 3).Select(_ => Syllables[random.Next(Syllables.Length)]));
        string given = string.Concat(Enumerable.Range(0, 2).Select(_ => Syllables[random.Next(Syllables.Length)]));
        return CultureInfo.InvariantCulture.TextInfo.ToTitleCase($"{surname}^{given}") + (number % 60 < 3 ? "=山田^太郎" : "");
    }

    public static string PatientIdOf(int number) => $"PAT{number / 3:D8}";

    private static string UidOf(int number) => $"1.2.826.0.1.3680043.10.1042.{20150000 + (number % 9973)}.{1_000_000_000L + number}.{number % 977}";

    private static byte[] AttributesOf(int number)
    {
        Random random = new(number);
        DicomDataset study = new();
        DateTime time = new DateTime(2016, 1, 1).AddSeconds(random.Next(10 * 365 * 86_400));
        study.Set(DicomTags.StudyDate, time.ToString("yyyyMMdd", CultureInfo.InvariantCulture));
        study.Set(DicomTags.StudyTime, time.ToString("HHmmss", CultureInfo.InvariantCulture));
        study.Set(DicomTags.AccessionNumber, $"A{number:D9}");
        study.Set(DicomTags.ReferringPhysicianName, NameOf(3_000_000 + (number % 500)));
        study.Set(DicomTags.StudyDescription, $"{Syllables[random.Next(Syllables.Length)]} examination {random.Next(8)}");
        study.Set(DicomTags.PatientName, NameOf(number));
        study.Set(DicomTags.PatientID, PatientIdOf(number));
        study.Set(DicomTags.PatientBirthDate, new DateTime(1930, 1, 1).AddDays(new Random(number / 3).Next(80 * 365)).ToString("yyyyMMdd", CultureInfo.InvariantCulture));
        study.Set(DicomTags.PatientSex, number % 2 == 0 ? "F" : "M");
        study.Set(DicomTags.StudyInstanceUID, UidOf(number));
        study.Set(DicomTags.StudyID, number.ToString(CultureInfo.InvariantCulture));
        study.Set(DicomTags.ModalitiesInStudy, number % 20 == 0 ? ["PT", "CT"] : [random.Next(5) switch { 0 => "MR", 1 => "US", 2 => "CR", _ => "CT" }]);
        study.Set(DicomTags.SOPClassesInStudy, "1.2.840.10008.5.1.4.1.1.2");
        return study.ToJson();
    }

    private (Guid Id, string Uid, byte[] Attributes) Seal(int number)
    {
        Guid id = Guid.NewGuid();
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        byte[] context = [.. "medcloudcare/data-key/v1\0"u8, .. id.ToByteArray(bigEndian: true)];
        string name = id.ToString("N");
        File.WriteAllBytes(Path.Combine(keyStore, name[^2..], name + ".key"), [.. "MCCK"u8, 1, .. keyring.Wrap(secret, context)]);
        using DataKey key = DataKey.FromSecret(id, secret);
        return (id, UidOf(number), key.SealRow(AttributesOf(number), AssociatedData.ForColumn("studies", id, "attributes")));
    }
}
