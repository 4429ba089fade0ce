using CsCheck;
using MedCloudCare.Dicom;
using MedCloudCare.Study.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Level = MedCloudCare.Study.V1.SearchRequest.Types.Level;

namespace MedCloudCare.Studies.Tests;

/// <summary>
/// The index against a plain search over the values: random studies are stored, grown and deleted through two replicas, now
/// and then at the same time, and asked for through both and through processes that have just started.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class IndexModelTests(PostgresFixture postgres)
{
    private static readonly string[] Names =
    [
        "Doe^John", "doe^jane", "Müller^Jörg", "MÜLLER^Anna", "Yamada^Tarou=山田^太郎=やまだ^たろう", "Люксембург^Роза", "Ωμέγα^Ψ", "A*B",
        "Smith^Ann^^Dr", "محمد^علي", "Łukasz^Żak", "😀Smile^Ann", "ﬁne^ß", "O'Neil^Seán", "Kim^민준=김^민준", "",
    ];

    private static readonly string[] Descriptions = ["Head", "HEAD MR", "Kopf natív", "a\\b", "*", "胸部 CT", ""];

    private static readonly string[] Dates = ["", "20240131", "20231231", "19991001", "20240201"];

    private static readonly string[] Times = ["", "101500", "1015", "235959", "000000", "101559.5"];

    private static readonly string[] Modalities = ["CT", "MR", "SEG", "US"];

    private static readonly Gen<PlainCondition> GenCondition = Gen.OneOf(
        OneOf("PatientName", "*o*", "DOE^JOHN", "müller*", "山田*", "*太*", "?oe^*", "*", "smith^ann^^dr", "люкс*", "*ψ", "?smile*", "*^*", "*민준", "ß*", "*ß",
            "nobody", "*ON*AN*", "doe", "yamada^tarou=*", "O'N*", "*عل*", "😀*", "^", "a\\*"),
        OneOf("PatientID", "P-1", "p-1", "P-*", "??1", "007", "7", "*0*", "*"),
        OneOf("StudyDescription", "*ea*", "Head", "head*", "b", "a", "*natív", "胸部*", "?", "*CT"),
        OneOf("StudyDate", "20240131", "20231201-20240131", "-20240101", "20240101-", "2024*"),
        OneOf("StudyTime", "10", "1015-1016", "-1200", "235959", "1015"),
        OneOf("ModalitiesInStudy", "CT", "M*", "PT", "CT\\US", "?R"),
        OneOf("ReferringPhysicianName", "*o*", "doe*", "müller^jörg"),
        OneOf("AccessionNumber", "A1", "*1", "a1", "A?"));

    [SkippableFact]
    public async Task The_index_answers_as_a_plain_search_over_the_values_whatever_two_replicas_do()
    {
        await using Archive archive = await Archive.CreateAsync(postgres);
        await using Archive replica = await archive.ReplicaAsync();
        await Gen.Select(Gen.Int[0, 99], Gen.Int[0, int.MaxValue], GenQuery).Array[4, 14]
            .SampleAsync(steps => new Run(archive, replica).PlayAsync(steps), iter: 30, threads: 1);
    }

    private static Gen<(PlainCondition[] Conditions, bool Fuzzy, int Offset, int Limit)> GenQuery =>
        Gen.Select(GenCondition.Array[0, 3], Gen.Bool, Gen.Int[0, 4], Gen.Int[1, 8]);

    private static Gen<PlainCondition> OneOf(string attribute, params string[] values) =>
        Gen.Int[0, values.Length - 1].Select(i => new PlainCondition(attribute, values[i]));

    /// <summary>One sequence of steps, of an owner of its own.</summary>
    private sealed class Run(Archive archive, Archive replica)
    {
        private readonly Guid _owner = Guid.NewGuid();
        private readonly Guid _colleague = Guid.NewGuid();
        private readonly Dictionary<string, DicomDataset> _studies = [];
        private readonly HashSet<string> _shared = [];
        private readonly Archive[] _archives = [archive, replica];
        private readonly StudyIndex[] _indexes = [Restart(archive), Restart(replica)];

        public async Task PlayAsync((int Kind, int Seed, (PlainCondition[] Conditions, bool Fuzzy, int Offset, int Limit) Query)[] steps)
        {
            foreach ((int kind, int seed, (PlainCondition[] Conditions, bool Fuzzy, int Offset, int Limit) query) in steps)
            {
                Random random = new(seed);
                int side = random.Next(2);
                await (kind switch
                {
                    < 30 => StoreAsync(side, random),
                    < 45 => Task.WhenAll(StoreAsync(0, random), StoreAsync(1, random)),
                    < 55 => GrowAsync(side, random),
                    < 62 => DeleteAsync(side, random),
                    < 70 => ShareAsync(random),
                    < 78 => Task.FromResult(_indexes[side] = Restart(_archives[side])),
                    _ => Task.CompletedTask,
                });
                await CheckAsync(_archives[side], _indexes[side], query, random);
            }
        }

        private static StudyIndex Restart(Archive archive) =>
            new(archive.Database, archive.Keys, archive.Options, TimeProvider.System, NullLogger<StudyIndex>.Instance);

        private Task StoreAsync(int side, Random random)
        {
            DicomDataset file = SampleFile.Dataset(DicomUid.Create(), DicomUid.Create(), DicomUid.Create(), rows: 2, columns: 2);
            file.Set(DicomTags.PatientName, Pick(random, Names));
            file.Set(DicomTags.PatientID, Pick(random, "P-1", "p-1", "P-2", "007", ""));
            file.Set(DicomTags.StudyDescription, Pick(random, Descriptions).Split('\\'));
            file.Set(DicomTags.StudyDate, Pick(random, Dates));
            file.Set(DicomTags.StudyTime, Pick(random, Times));
            file.Set(DicomTags.Modality, Pick(random, Modalities));
            file.Set(DicomTags.ReferringPhysicianName, Pick(random, Names));
            file.Set(DicomTags.AccessionNumber, Pick(random, "A1", "A2", "B1", ""));
            DicomDataset known = file.Clone();
            known.Set(DicomTags.ModalitiesInStudy, file.GetString(DicomTags.Modality)!);
            _studies.Add(known.GetString(DicomTags.StudyInstanceUID)!, known);
            return UploadAsync(side, file);
        }

        /// <summary>A second series: it adds its modality, the study's other attributes stay those of the first.</summary>
        private async Task GrowAsync(int side, Random random)
        {
            if (_studies.Count == 0)
            {
                return;
            }

            (string uid, DicomDataset known) = _studies.ElementAt(random.Next(_studies.Count));
            DicomDataset file = SampleFile.Dataset(uid, DicomUid.Create(), DicomUid.Create(), rows: 2, columns: 2);
            file.Set(DicomTags.Modality, Pick(random, Modalities));
            await UploadAsync(side, file);
            known.Set(DicomTags.ModalitiesInStudy,
                [.. known.GetStrings(DicomTags.ModalitiesInStudy).Append(file.GetString(DicomTags.Modality)!).Distinct()]);
        }

        private async Task DeleteAsync(int side, Random random)
        {
            if (_studies.Count == 0)
            {
                return;
            }

            string uid = _studies.ElementAt(random.Next(_studies.Count)).Key;
            Archive at = _archives[side];
            StudyDeletion deletion = new(at.Database, at.Keys, at.Registry, new DeletionSignal(), NullLogger<StudyDeletion>.Instance);
            Assert.True(await deletion.DeleteAsync((await IdsAsync())[uid], _owner));
            _studies.Remove(uid);
            _shared.Remove(uid);
        }

        private async Task ShareAsync(Random random)
        {
            if (_studies.Count > 0 && _studies.ElementAt(random.Next(_studies.Count)).Key is var uid && _shared.Add(uid))
            {
                await archive.GrantAsync(_colleague, (await IdsAsync())[uid], 1);
            }
        }

        private async Task UploadAsync(int side, DicomDataset file) =>
            Assert.All(await _archives[side].UploadAsync(_owner, [SampleFile.Of(file)]), r => Assert.Equal(InstanceResult.Types.Outcome.Stored, r.Outcome));

        private async Task<Dictionary<string, Guid>> IdsAsync()
        {
            await using NpgsqlCommand command = archive.Database.CreateCommand($"SELECT study_instance_uid, id FROM studies WHERE owner = '{_owner}'");
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
            Dictionary<string, Guid> ids = [];
            while (await reader.ReadAsync())
            {
                ids.Add(reader.GetString(0), reader.GetGuid(1));
            }

            return ids;
        }

        private async Task CheckAsync(
            Archive at, StudyIndex index, (PlainCondition[] Conditions, bool Fuzzy, int Offset, int Limit) query, Random random)
        {
            Dictionary<string, Guid> ids = await IdsAsync();
            SearchRequest request = new() { Level = Level.Study, FuzzyMatching = query.Fuzzy, Offset = query.Offset, Limit = query.Limit };
            PlainCondition[] conditions = [.. query.Conditions.DistinctBy(c => c.Attribute)];
            request.Matches.Add(conditions.Select(c => new SearchRequest.Types.Match { Attribute = c.Attribute, Value = c.Value }));

            // What a colleague sees of these studies is searched by the same rules.
            bool asColleague = random.Next(4) == 0;
            (string Uid, DicomDataset Dataset)[] found = [.. _studies
                .Where(s => (!asColleague || _shared.Contains(s.Key)) && PlainSearch.HoldsAll(s.Value, conditions, query.Fuzzy))
                .OrderByDescending(s => PlainSearch.MomentOf(s.Value), StringComparer.Ordinal).ThenBy(s => ids[s.Key]).Select(s => (s.Key, s.Value))];

            Searcher searcher = new(at.Database, at.Keys, index, SearchPlan.Of(request));
            List<DicomDataset> answers = [];
            await foreach (byte[] answer in searcher.RunAsync(asColleague ? _colleague : _owner, CancellationToken.None))
            {
                answers.Add(DicomDataset.FromJson(answer));
            }

            (string Uid, DicomDataset Dataset)[] page = [.. found.Skip(query.Offset).Take(query.Limit)];
            Assert.Equal(page.Select(f => f.Uid), answers.Select(a => a.GetString(DicomTags.StudyInstanceUID)));
            Assert.Equal(found.Length, searcher.Total);
            for (int i = 0; i < page.Length; i++)
            {
                AssertSame(page[i].Dataset, answers[i]);
            }

            await CheckOrderAsync(index, ids, random);
        }

        private static void AssertSame(DicomDataset stored, DicomDataset answer)
        {
            foreach (DicomTag tag in RequiredAttributes.OfStudy)
            {
                Assert.Equal(stored.GetStrings(tag).Where(v => v.Length > 0), answer.GetStrings(tag).Where(v => v.Length > 0));
            }
        }

        private async Task CheckOrderAsync(StudyIndex index, Dictionary<string, Guid> ids, Random random)
        {
            StudyOrder order = new((StudyOrder.Key)random.Next(5), random.Next(2) == 0);
            VisibleStudies visible = await index.VisibleAsync(_owner, CancellationToken.None);
            FoundStudies found = new StudyQuery { Order = order }.Run(visible.Own, visible.Shared);
            Dictionary<string, DateTime> created = visible.Own.ToDictionary(s => s.Text(StudyField.StudyInstanceUid), s => s.CreateTime);
            string[] plain = [.. _studies.Keys];
            Array.Sort(plain, (a, b) =>
            {
                int by = order.By switch
                {
                    StudyOrder.Key.StudyDate => string.CompareOrdinal(PlainSearch.MomentOf(_studies[a]), PlainSearch.MomentOf(_studies[b])),
                    StudyOrder.Key.CreateTime => created[a].CompareTo(created[b]),
                    _ => PlainSearch.CompareTexts(TextOf(a, order), TextOf(b, order)),
                };
                by = order.IsDescending ? -by : by;
                by = by != 0 ? by : -string.CompareOrdinal(PlainSearch.MomentOf(_studies[a]), PlainSearch.MomentOf(_studies[b]));
                return by != 0 ? by : ids[a].CompareTo(ids[b]);
            });
            int start = random.Next(3);
            int length = random.Next(1, 5);
            Assert.Equal(plain.Skip(start).Take(length), found.Page(start, length).Select(s => s.Record.Text(StudyField.StudyInstanceUid)));
        }

        private string TextOf(string uid, StudyOrder order) =>
            string.Join('\\', _studies[uid].GetStrings(StudyFields.TagOf(order.Text!.Value)));

        private static string Pick(Random random, params string[] values) => values[random.Next(values.Length)];
    }
}
