namespace MedCloudCare.Dicom.Derived;

/// <summary>A vector of the patient coordinate system (PS3.3 §C.7.6.2.1.1), in mm.</summary>
internal readonly record struct Vector3D(double X, double Y, double Z)
{
    public double Length => Math.Sqrt(Dot(this));

    public double Dot(Vector3D other) => (X * other.X) + (Y * other.Y) + (Z * other.Z);

    public static Vector3D From(IReadOnlyList<double> values) => new(values[0], values[1], values[2]);

    /// <summary>The cross product of the row and column direction cosines.</summary>
    public static Vector3D Normal(IReadOnlyList<double> o) =>
        new((o[1] * o[5]) - (o[2] * o[4]), (o[2] * o[3]) - (o[0] * o[5]), (o[0] * o[4]) - (o[1] * o[3]));
}
